"""Jobs in processes, some of which die."""

from nst_core import batch


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
