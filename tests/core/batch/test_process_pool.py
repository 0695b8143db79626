"""Jobs in processes, some of which die."""

import pytest

from nst_core import batch
from nst_core.batch.executor import ExecutorError, Resources
from nst_core.batch.process_pool import ProcessPool, local_executor


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
