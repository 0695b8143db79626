"""The driver, with an engine that only answers: what is taken, what is waited for."""

from pathlib import Path

import pytest

from nst_core import batch
from nst_core.batch import driver


class Answers:
    """An engine that runs nothing. Its first answers to a job are those of ``statuses``."""

    def __init__(self, **statuses):
        self.statuses = statuses
        self.asked = []

    def run(self, tasks, listener):
        for task in tasks:
            self.asked.append(task.job.output)
            listener.began(task)
            answers = self.statuses.get(task.job.output, [])
            status = answers.pop(0) if answers else "done"
            if status == "claimed":
                record = batch.JobRecord.claimed(task.job)
            else:
                record = batch.JobRecord.skipped(task.job).model_copy(update={"status": status})
            listener.ended(task, record)


class Diary(batch.BatchListener):
    def __init__(self):
        self.ends, self.waited = [], []

    def ended(self, task, record):
        self.ends.append((task.number, record.status))

    def waits(self, count):
        self.waited.append(count)


@pytest.fixture
def no_wait(monkeypatch):
    monkeypatch.setattr(driver, "_WAIT", 0)


def test_what_another_batch_is_making_is_waited_for(job, no_wait):
    jobs = [job(output=name) for name in ("a.png", "b.png", "c.png")]
    engine, diary = Answers(**{"a.png": ["claimed", "claimed", "skipped"]}), Diary()
    batch.run_batch(jobs, engine, diary)
    assert engine.asked == ["a.png", "b.png", "c.png", "a.png", "a.png"]
    assert diary.ends == [(1, "done"), (2, "done"), (0, "skipped")]
    assert diary.waited == [1, 1]


def test_what_the_other_batch_left_is_run(job, no_wait):
    engine, diary = Answers(**{"a.png": ["claimed", "done"]}), Diary()
    batch.run_batch([job()], engine, diary)
    assert diary.ends == [(0, "done")]


def test_what_is_done_reaches_no_engine(run_here, job):
    assert run_here().status == "done"
    engine, diary = Answers(), Diary()
    batch.run_batch([job(), job(output="b.png")], engine, diary)
    assert engine.asked == ["b.png"]
    assert diary.ends == [(0, "skipped"), (1, "done")]


def test_a_checkpoint_that_a_killed_worker_left_is_removed(run_here, job):
    assert run_here().status == "done"
    Path("a.png.checkpoint").touch()
    batch.run_batch([job(checkpoint_every=2)], Answers(), Diary())
    assert not Path("a.png.checkpoint").exists()
