"""``nst batch`` as a user meets it: what fails, what is skipped, what is interrupted."""

import csv
import json
import os
import signal
from pathlib import Path

import numpy as np
import PIL.Image

from nst_core import batch
from nst_core.batch.executor import Task
from nst_core.system import toml

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
    assert "not a JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC, AVIF or JPEG XL picture" in done.err
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


def test_a_run_that_its_numbers_ended_is_no_success(nst, pair, monkeypatch):
    def ended(jobs, engine, listener):
        line = "stage 1, step 3: the content loss is nan; the picture is the best one before"
        record = batch.JobRecord.failed(jobs[0], line).model_copy(update={"status": "done"})
        listener.ended(Task(0, jobs[0]), record)

    monkeypatch.setattr(batch, "run_batch", ended)
    done = nst("batch", "content.png", "--style", "style.png", "--output-dir", "out", "-q")
    assert done.status == 1
    assert done.err.startswith("nst: failed: out/content-style.png: stage 1, step 3: the content")


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

    # Another mask makes a picture anew, though it is older.
    mask = np.zeros((30, 40), np.uint8)
    mask[10:] = 255
    PIL.Image.fromarray(mask).save("masks/other.bmp")
    os.utime("masks/other.bmp", (1, 1))
    assert nst(*arguments, "--content-masks", "masks").status == 0
    statuses = {name: record["status"] for name, record in table().items()}
    assert statuses == {"content-style.png": "skipped", "other-style.png": "done"}


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


def test_a_directory_under_its_own_names_at_half_size(nst, pair):
    for name, size in (("photos/a.png", (64, 40)), ("photos/sub/b.png", (40, 48))):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", size, "teal").save(name)
    arguments = ("batch", "photos", "--recursive", "--style", "sty*.png", "--names", "content")
    arguments += ("--preset", "d2l", "--size", "50%", "--steps", "1", "--weights", "random")
    done = nst(*arguments, "--output-dir", "out")
    assert done.status == 0
    records = table()
    assert records["a.png"]["output"] == "out/a.png"
    assert records["b.png"]["output"] == "out/sub/b.png"
    assert (records["a.png"]["size"], records["b.png"]["size"]) == ([20, 32], [24, 20])
    made = toml.loads(nst("recipe", "out/a.png").out, origin="recipe")
    assert made["stages"][0]["size"] == "50%"
    assert nst(*arguments, "--output-dir", "out").err.count("was done before") == 2
    assert nst(*arguments, "--output-dir", "photos").status == 2


def test_what_was_decided_for_a_picture_is_said_and_kept(nst, pair):
    grey = PIL.Image.open("content.png").convert("L")
    grey.save("grey.png")
    arguments = ("batch", "grey.png", "content.png", "--style", "grey.png", "--output-dir", "out")
    done = nst(*arguments, *FAST)
    assert done.status == 0
    (line,) = [line for line in done.err.splitlines() if "warning" in line]
    assert line.startswith("nst: warning: out/grey-grey.png: content and style are grey")
    records = table()
    assert len(records["grey-grey.png"]["warnings"]) == 1
    assert records["content-grey.png"]["warnings"] == []
    assert "are grey, so the result is grey" in Path("out/batch.csv").read_text()
    nst(*arguments, *FAST)
    assert {record["status"] for record in table().values()} == {"skipped"}
