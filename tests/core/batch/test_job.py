"""Jobs and records as plain data, and the jobs of a batch."""

from pathlib import Path

from nst_core import batch
from nst_core.spec import presets, recipe


def test_one_mask_may_be_for_all():
    run = recipe.checked_run({"content_mask": "m.png", "style_mask": ["1.png", "2.png"]})
    jobs = batch.plan(
        ["a.png", "b.png"], ["c.png", "d.png"], directory=Path(), extension="png", run=run,
        spec=presets.load("d2l"), max_pixels=1, command="",
    )  # fmt: skip
    found = {(job.content, job.style): (job.content_mask, job.style_mask) for job in jobs}
    assert found["a.png", "c.png"] == found["b.png", "c.png"] == ("m.png", "1.png")
    assert found["a.png", "d.png"] == found["b.png", "d.png"] == ("m.png", "2.png")
    assert not {"content_mask", "style_mask"} & jobs[0].run.keys()


def test_jobs_and_records_survive_json(run_here, job, pair):
    record = run_here()
    assert batch.JobRecord.model_validate_json(record.model_dump_json()) == record
    one = job()
    assert batch.Job.model_validate_json(one.model_dump_json()) == one


def test_names_of_the_contents():
    def outputs(*styles, **options):
        jobs = batch.plan(
            ["a.jpg", "b/c.png"], styles, directory=Path("out"), extension="png",
            spec=presets.load("d2l"), run=recipe.checked_run({}), max_pixels=1, command="",
            **options,
        )  # fmt: skip
        return [job.output for job in jobs]

    below = {"b/c.png": "b"}
    assert outputs("s.jpg") == ["out/a-s.png", "out/c-s.png"]
    assert outputs("s.jpg", subdirectories=below) == ["out/a-s.png", "out/b/c-s.png"]
    assert outputs("s.jpg", naming="content") == ["out/a.png", "out/c.png"]
    assert outputs("s.jpg", "t.jpg", naming="content", subdirectories=below) == [
        "out/s/a.png", "out/s/b/c.png", "out/t/a.png", "out/t/b/c.png",
    ]  # fmt: skip
