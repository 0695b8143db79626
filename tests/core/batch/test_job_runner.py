"""One job: what is done, what is skipped, what fails."""

import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend

from nst_core import batch, images
from nst_core.system import toml


def test_what_is_done_is_not_done_again(run_here, job, pair):
    spec = job().spec
    assert run_here().status == "done"
    made = Path("a.png").stat().st_mtime_ns
    assert run_here().status == "skipped"
    assert run_here(command="another", max_pixels=10**7).status == "skipped"
    assert run_here(run={"weights": "random", "device": "cpu"}).status == "skipped"
    assert Path("a.png").stat().st_mtime_ns == made

    # Other options, other or newer pictures, half a picture: each makes it anew.
    assert run_here(spec={**spec, "colours": "match"}).status == "done"
    assert run_here(run={"weights": "random", "dpi": 200.0}).status == "done"
    assert run_here().status == "done"
    assert run_here(content=pair[1]).status == "done"
    assert run_here().status == "done"
    # Times don't count.
    later = Path("a.png").stat().st_mtime + 5
    os.utime(pair[1], (later, later))
    assert run_here().status == "skipped"
    Path("a.png").write_bytes(Path("a.png").read_bytes()[:500])
    assert run_here().status == "done"


@pytest.mark.parametrize("which", ["content", "style", "content_mask", "style_mask", "init"])
def test_a_file_replaced_by_an_older_one_is_painted(run_here, job, pair, which):
    mask = np.zeros((30, 40), np.uint8)
    mask[15:] = 255
    for name in ("content_mask.png", "style_mask.png"):
        PIL.Image.fromarray(mask).save(name)
    PIL.Image.new("RGB", (40, 30), "teal").save("init.png")
    changes = {
        "content_mask": "content_mask.png",
        "style_mask": "style_mask.png",
        "spec": {**job().spec, "start": {"image": "init.png"}},
    }
    assert run_here(**changes).status == "done"
    assert run_here(**changes).status == "skipped"
    path = Path(f"{which}.png")
    if "mask" in which:
        mask[10:] = 255
        PIL.Image.fromarray(mask).save(path)
    else:
        PIL.Image.new("RGB", (72, 48), "orange").save(path)
    os.utime(path, (1, 1))
    assert run_here(**changes).status == "done"
    assert run_here(**changes).status == "skipped"


def test_recipes_without_checksums_go_by_times(run_here, job, pair):
    assert run_here().status == "done"
    table = toml.loads(images.read_recipe("a.png"), origin="recipe")
    assert {"content_sha256", "style_sha256"} <= table["made_with"].keys()
    table["made_with"] = {
        name: value
        for name, value in table["made_with"].items()
        if name == "weights_sha256" or "sha256" not in name
    }
    images.write(np.zeros((16, 24, 3), np.float32), "a.png",
                 recipe=toml.dumps(table))  # fmt: skip
    assert run_here().status == "skipped"
    later = Path("a.png").stat().st_mtime + 5
    os.utime(pair[1], (later, later))
    assert run_here().status == "done"


def test_a_full_disk_loses_no_picture(run_here, monkeypatch):
    from nst_core import images
    from nst_core.errors import PictureError

    write = images.write

    def full(image, path, **extras):
        if Path(path) == Path("a.png"):
            raise PictureError("can't write a.png: the disk is full; free some space")
        write(image, path, **extras)

    monkeypatch.setattr(images, "write", full)
    record = run_here()
    assert record.status == "failed"
    with PIL.Image.open(record.reason.split("the picture was saved as ")[1]) as picture:
        assert picture.size == (24, 16)


def test_a_size_by_device_is_recognised(run_here, job, pair):
    spec = job().spec
    spec = {**spec, "stages": [{"size": "32x48", "size_on_cpu": "16x24", "steps": 1}]}
    assert run_here(spec=spec).size == (16, 24)
    assert run_here(spec=spec).status == "skipped"


def test_a_precision_by_device_is_recognised(run_here, job, pair):
    spec = {**job().spec, "precision": "bf16"}
    assert run_here(spec=spec).status == "done"
    assert run_here(spec=spec).status == "skipped"
    assert run_here(spec=spec, run={"weights": "random", "precision": "float32"}).status == "done"
    assert run_here(spec=spec).status == "done"


def test_style_targets_are_computed_once(monkeypatch, job, pair):
    shared, backend = batch.SharedResources(), FakeBackend()
    monkeypatch.setattr(shared, "backend", lambda _: backend)
    PIL.Image.new("RGB", (40, 30), "teal").save("other.png")
    for number, content in enumerate((pair[0], "other.png")):
        one = job(content=content, output=f"{number}.png")
        assert batch.run_job(one, shared=shared).status == "done"
    assert [problem.style_targets is not None for problem in backend.problems] == [False, True]


def test_failures_are_records(run_here):
    assert "no such file" in run_here(content="no.png").reason
    assert "unknown weights" in run_here(run={"weights": "heavy"}).reason
    assert "no directory" in run_here(output="no/a.png").reason
    assert "more than 10" in run_here(max_pixels=10).reason
    assert "JPEG has 8 bits" in run_here(output="a.jpg", run={"bits": 16}).reason
    assert run_here().status == "done"
