"""Jobs in processes, some of which die."""

import sys

import pytest

from nst_core import batch
from nst_core.batch import process_pool
from nst_core.batch.executor import ExecutorError, Resources
from nst_core.batch.job_runner import SharedResources
from nst_core.batch.process_pool import ProcessPool, local_executor
from nst_core.errors import OutOfMemoryError

# A worker in which the first picture of every process is too large, and all others are not made.
SHORT_OF_MEMORY = """
import os, sys
from nst_core.batch import job_runner, worker
from nst_core.errors import OutOfMemoryError
from nst_core.system.supervision import run_worker

def transfer(job, *_):
    if "large" in job.output:
        raise OutOfMemoryError("stage 1, 9x9: the memory is not enough")
    raise job_runner.NstError(f"process {os.getpid()}")

job_runner._transfer = transfer
run_worker(worker.main)
"""


def test_a_process_that_dies_costs_one_picture(job):
    class Deadly(batch.Job):
        """One that the worker can't even read, which ends its process."""

        def model_dump_json(self, **_):
            return "no JSON"

    deadly = Deadly(**job().model_dump())
    last = job(output="b.png")
    seen = []
    records = batch.run_jobs([deadly, last], on_record=seen.append)
    assert [record.status for record in records] == ["failed", "done"]
    assert "its process failed with exit status 1" in records[0].reason
    assert seen == records


def test_jobs_are_taken_when_a_worker_is_free(job):
    events = []

    def jobs():
        for number in range(4):
            events.append("taken")
            yield job(content="missing.png", output=f"{number}.png")

    class Listener(batch.BatchListener):
        def ended(self, task, record):
            events.append(record.status)

    batch.run_batch(jobs(), ProcessPool(), Listener())
    assert events == ["taken", "failed"] * 4


def test_local_has_no_machines_to_choose_from():
    for resources, says in (
        (Resources(address="a:1"), "--on local takes no address"),
        (Resources(gpus_per_job=0.5), "--gpus-per-job need an engine"),
    ):
        with pytest.raises(ExecutorError, match=says):
            local_executor(resources)


def test_a_process_that_ran_out_of_memory_gives_place_to_a_new_one(job, monkeypatch):
    start = process_pool.subprocess.Popen

    def popen(command, **options):
        return start([sys.executable, "-c", SHORT_OF_MEMORY], **options)

    monkeypatch.setattr(process_pool.subprocess, "Popen", popen)
    names = ("a.png", "b.png", "large.png", "c.png", "d.png", "large-too.png")
    seen = []
    records = batch.run_jobs([job(output=name) for name in names], on_record=seen.append)
    assert [record.output for record in records] == list(names)
    assert seen == records
    reasons = [record.reason for record in records]
    assert reasons[2] == reasons[5] == "stage 1, 9x9: the memory is not enough"
    assert reasons[0] == reasons[1]
    assert reasons[3] == reasons[4]
    assert reasons[0] != reasons[3]


@pytest.mark.parametrize("error", [OutOfMemoryError("too large"), MemoryError()])
def test_a_job_that_ran_out_of_memory_is_noted(job, monkeypatch, error):
    def transfer(*_):
        raise error

    shared = SharedResources()
    monkeypatch.setattr("nst_core.batch.job_runner._transfer", transfer)
    assert batch.run_job(job(), shared=shared).status == "failed"
    assert shared.out_of_memory
    assert not SharedResources().out_of_memory


def test_a_later_stage_without_memory_is_noted(job, monkeypatch):
    shared, run_job = SharedResources(), batch.run_job
    assert run_job(job(), shared=shared).status == "done"
    assert not shared.out_of_memory
    monkeypatch.setattr(
        "nst_core.run.estimate.refuse_what_cannot_fit",
        lambda _, number: (_ for _ in ()).throw(MemoryError) if number else None,
    )
    stages = [{"size": "16x24", "steps": 1}, {"size": "20x30", "steps": 1}]
    record = run_job(job(output="b.png", spec={**job().spec, "stages": stages}), shared=shared)
    assert record.status == "done"
    assert "not enough" in record.reason
    assert shared.out_of_memory
