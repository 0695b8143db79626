"""``nst batch`` as a person uses it: what fails, what is skipped, what is interrupted."""

import csv
import json
import os
import signal
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend

from nst_core import batch, presets, recipe, toml

FAST = ("--size", "16x24", "--steps", "2", "--weights", "random")


def table():
    rows = list(csv.DictReader(Path("out/batch.csv").read_text().splitlines()))
    records = json.loads(Path("out/batch.json").read_text())
    assert [row["output"] for row in rows] == [record["output"] for record in records]
    return {Path(record["output"]).name: record for record in records}


def test_contents_and_a_bad_one_in_two_styles(nst, pair):
    PIL.Image.new("RGB", (40, 30), "teal").save("other.png")
    Path("bad.jpg").write_text("not a picture")
    arguments = ("batch", "content.png", "bad.jpg", "other.png", "--style", "style.png")
    arguments += ("--style", "content.png", "--output-dir", "out", *FAST, "--jobs", 2)
    done = nst(*arguments)
    assert done.status == 1
    assert done.err.count("nst: failed: out/bad-") == 2
    assert "not a JPEG, PNG, WebP, TIFF or BMP picture" in done.err
    records = table()
    good = {"content-style.png", "other-style.png", "content-content.png", "other-content.png"}
    assert {name for name, record in records.items() if record["status"] == "done"} == good
    assert set(records) - good == {"bad-style.png", "bad-content.png"}
    assert records["other-style.png"]["size"] == [16, 24]
    assert records["other-style.png"]["style_loss"] > 0
    assert len(done.out.splitlines()) == 7
    assert {path.name for path in Path("out").iterdir()} == good | {"batch.csv", "batch.json"}
    made = toml.loads(nst("recipe", "out/other-style.png").out, origin="recipe")
    assert made["run"]["style"] == "style.png"
    assert made["made_with"]["command"].startswith("nst batch content.png bad.jpg other.png")

    # One is made alone in the same way: the picture is the same, whatever came before it.
    alone = nst("run", "other.png", "content.png", *FAST, "-o", "alone.png", "-q")
    assert alone.status == 0
    with PIL.Image.open("alone.png") as one, PIL.Image.open("out/other-content.png") as two:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two))


@pytest.fixture
def here(monkeypatch, pair, tmp_path):
    """Jobs are done in this process; returns a function that does one with the pair."""
    monkeypatch.chdir(tmp_path)
    shared = batch.SharedResources()

    def run(**changes):
        return batch.run_job(job(pair, **changes), shared=shared)

    return run


def job(pair, **changes):
    spec = {
        "content": {"weight": 1.0, "layers": ["relu1_1"]},
        "style": {"weight": 1.0, "layers": ["relu1_1"]},
        "total_variation": {"weight": 1.0},
        "optimiser": {},
        "stages": [{"size": "16x24", "steps": 1}],
    }
    fields = {
        "content": pair[0], "style": pair[1], "output": "a.png", "spec": spec,
        "run": {"weights": "random"}, "max_pixels": 10**6,
    }  # fmt: skip
    return batch.Job(**{**fields, **changes})


def test_what_is_done_is_not_done_again(here, pair):
    spec = job(pair).spec
    assert here().status == "done"
    made = Path("a.png").stat().st_mtime_ns
    assert here().status == "skipped"
    assert here(command="another", max_pixels=10**7).status == "skipped"
    assert here(run={"weights": "random", "device": "cpu"}).status == "skipped"
    assert Path("a.png").stat().st_mtime_ns == made

    # Other options, other or newer pictures, half a picture: each makes it anew.
    assert here(spec={**spec, "colours": "match"}).status == "done"
    assert here(run={"weights": "random", "dpi": 200.0}).status == "done"
    assert here().status == "done"
    assert here(content=pair[1]).status == "done"
    assert here().status == "done"
    later = Path("a.png").stat().st_mtime + 5
    os.utime(pair[1], (later, later))
    assert here().status == "done"
    assert here().status == "done", "the style is still newer"
    os.utime(pair[1], (1, 1))
    assert here().status == "skipped"
    Path("a.png").write_bytes(Path("a.png").read_bytes()[:500])
    assert here().status == "done"


def test_a_full_disk_loses_no_picture(here, monkeypatch):
    from nst_core import images
    from nst_core.errors import PictureError

    write = images.write

    def full(image, path, **extras):
        if Path(path) == Path("a.png"):
            raise PictureError("can't write a.png: the disk is full; free some space")
        write(image, path, **extras)

    monkeypatch.setattr(images, "write", full)
    record = here()
    assert record.status == "failed"
    with PIL.Image.open(record.reason.split("the picture was saved as ")[1]) as picture:
        assert picture.size == (24, 16)


def test_a_run_that_its_numbers_ended_is_no_success(nst, pair, monkeypatch):
    def ended(jobs, *, workers, on_record):
        line = "stage 1, step 3: the content loss is nan; the picture is the best one before"
        return [batch.JobRecord.failed(jobs[0], line).model_copy(update={"status": "done"})]

    monkeypatch.setattr(batch, "run_jobs", ended)
    done = nst("batch", "content.png", "--style", "style.png", "--output-dir", "out", "-q")
    assert done.status == 1
    assert done.err.startswith("nst: failed: out/content-style.png: stage 1, step 3: the content")


def test_a_size_by_device_is_recognised(here, pair):
    spec = job(pair).spec
    spec = {**spec, "stages": [{"size": "32x48", "size_on_cpu": "16x24", "steps": 1}]}
    assert here(spec=spec).size == (16, 24)
    assert here(spec=spec).status == "skipped"


def test_style_targets_are_found_once(monkeypatch, pair, tmp_path):
    monkeypatch.chdir(tmp_path)
    shared, backend = batch.SharedResources(), FakeBackend()
    monkeypatch.setattr(shared, "backend", lambda _: backend)
    PIL.Image.new("RGB", (40, 30), "teal").save("other.png")
    for number, content in enumerate((pair[0], "other.png")):
        one = job(pair, content=content, output=f"{number}.png")
        assert batch.run_job(one, shared=shared).status == "done"
    assert [problem.style_targets is not None for problem in backend.problems] == [False, True]


def masks(directory, *names):
    """Label pictures, black above and white below."""
    Path(directory).mkdir(exist_ok=True)
    for name in names:
        mask = np.zeros((30, 40), np.uint8)
        mask[15:] = 255
        PIL.Image.fromarray(mask).save(Path(directory, name))


def test_masks_go_with_their_pictures(nst, pair):
    PIL.Image.new("RGB", (40, 30), "teal").save("other.png")
    masks("masks", "content.png", "other.bmp", "unused.png")
    arguments = ("batch", "content.png", "other.png", "--output-dir", "out", *FAST)
    arguments += ("--style", "style.png", "--style-mask", "masks/content.png")
    assert nst(*arguments, "--content-masks", "masks").status == 0
    made = toml.loads(nst("recipe", "out/other-style.png").out, origin="recipe")["run"]
    assert (made["content_mask"], made["style_mask"]) == ("masks/other.bmp", "masks/content.png")
    Path("made.toml").write_text(nst("recipe", "out/other-style.png").out)
    assert nst("run", "--config", "made.toml", "-o", "alone.png", "-q").status == 0
    with PIL.Image.open("alone.png") as one, PIL.Image.open("out/other-style.png") as two:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two))

    # A newer mask makes a picture anew.
    later = Path("out/other-style.png").stat().st_mtime + 5
    os.utime("masks/other.bmp", (later, later))
    assert nst(*arguments, "--content-masks", "masks").status == 0
    statuses = {name: record["status"] for name, record in table().items()}
    assert statuses == {"content-style.png": "skipped", "other-style.png": "done"}


def test_one_mask_may_be_for_all(pair):
    run = recipe.checked_run({"content_mask": "m.png", "style_mask": ["1.png", "2.png"]})
    jobs = batch.plan(
        ["a.png", "b.png"], ["c.png", "d.png"], directory=Path(), extension="png", run=run,
        spec=presets.load("d2l"), max_pixels=1, command="",
    )  # fmt: skip
    found = {(job.content, job.style): (job.content_mask, job.style_mask) for job in jobs}
    assert found["a.png", "c.png"] == found["b.png", "c.png"] == ("m.png", "1.png")
    assert found["a.png", "d.png"] == found["b.png", "d.png"] == ("m.png", "2.png")
    assert not {"content_mask", "style_mask"} & jobs[0].run.keys()


def test_masks_that_do_not_go_with_the_pictures_are_refused(nst, pair):
    masks("masks", "content.png", "style.png", "style.bmp")
    style = ("--style", "style.png", "--output-dir", "out")
    mask, labels = ("--style-mask", "masks/style.bmp"), ("--content-masks", "masks")
    for arguments, says in (
        (("content.png", *style, *labels), "give a style mask for each style"),
        (("content.png", *style, *mask), "a style mask needs content masks"),
        (("content.png", *style, *labels, *mask, *mask), "2 style masks for 1 styles"),
        (("other.png", *style, *labels, *mask), "put a label picture other.png there"),
        (("style.png", *style, *labels, *mask), "several masks in masks: style.bmp and style.png"),
        (("content.png", *style, *mask, "--content-masks", "none"), "no directory none"),
        (("content.png", *style, *mask, *labels, "--content-mask", "a.png"), "not both"),
        (
            ("content.png", *style, *style, *labels, *mask, "--style-mask", "masks/style.png"),
            "style.png is there twice, with two masks",
        ),
    ):
        done = nst("batch", *arguments)
        assert done.status == 2, arguments
        assert says in done.err
        assert done.err.count("\n") == 1
    assert not Path("out").exists()


def test_a_pyramid_makes_its_stages(nst, pair):
    options = ("--style", "style.png", "--output-dir", "out", "--weights", "random", "--steps", 1)
    assert nst("batch", "content.png", *options, "--pyramid", "24:32:1.2").status == 0
    assert table()["content-style.png"]["steps"] == 3


def test_failures_are_records(here):
    assert "no such file" in here(content="no.png").reason
    assert "unknown weights" in here(run={"weights": "heavy"}).reason
    assert "no directory" in here(output="no/a.png").reason
    assert "more than 10" in here(max_pixels=10).reason
    assert "JPEG has 8 bits" in here(output="a.jpg", run={"bits": 16}).reason
    assert here().status == "done"


def test_jobs_and_records_survive_json(here, pair):
    record = here()
    assert batch.JobRecord.model_validate_json(record.model_dump_json()) == record
    one = job(pair)
    assert batch.Job.model_validate_json(one.model_dump_json()) == one


def test_a_process_that_dies_costs_one_picture(monkeypatch, pair, tmp_path):
    monkeypatch.chdir(tmp_path)

    class Deadly(batch.Job):
        """One that the worker can't even read, which ends its process."""

        def model_dump_json(self, **_):
            return "no JSON"

    deadly = Deadly(**job(pair).model_dump())
    last = job(pair, output="b.png")
    seen = []
    records = batch.run_jobs([deadly, last], on_record=seen.append)
    assert [record.status for record in records] == ["failed", "done"]
    assert "its process failed with exit status 1" in records[0].reason
    assert seen == records


def test_ctrl_c_keeps_what_is_done(child, pair, tmp_path):
    PIL.Image.new("RGB", (40, 30), "teal").save(tmp_path / "small.png")
    # The second never ends by itself.
    arguments = ("batch", "small.png", "content.png", "--style", "style.png", "--output-dir", "out")
    arguments += ("--weights", "random", "--size", "16x24", "--steps", "300")
    with child(*arguments, cwd=tmp_path) as run:
        for line in run.stderr:
            if line.startswith("1/2"):
                run.send_signal(signal.SIGINT)
                break
        _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "nst: interrupted; 1 of 2 are done" in err
    assert "Traceback" not in err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"small-style.png", "batch.csv", "batch.json"}


def test_mistakes_are_found_before_anything_is_done(nst, pair, tmp_path):
    (tmp_path / "sub").mkdir()
    Path("a.toml").write_text('run = { style_mask = "m.png" }')
    PIL.Image.new("RGB", (40, 30)).save("sub/content.png")
    style = ("--style", "style.png")
    for arguments, says in (
        (("content.png", "sub/content.png", *style, "--output-dir", "out"), "would both be"),
        (("content.png", *style, "--output-dir", "style.png"), "not a directory"),
        (("content.png", *style, "--output-dir", "out", "--size", "huge"), "size = 'huge'"),
        (("content.png", *style, "--output-dir", "out", "--jobs", "0"), "--jobs"),
        (("content.png", "--output-dir", "out"), "--style"),
        (
            ("content.png", *style, "--output-dir", "out", "--config", "a.toml"),
            "needs content masks",
        ),
    ):
        done = nst("batch", *arguments)
        assert done.status == 2, arguments
        assert says in done.err
        assert done.err.count("\n") == 1
    assert not Path("out").exists()
