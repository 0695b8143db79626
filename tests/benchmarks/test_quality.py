"""The benchmark of quality, with pictures that are painted already."""

import json

import numpy as np
import PIL.Image
import pytest

from nst_core import demo, images


@pytest.fixture
def painted(tmp_path):
    """A content, a style, and three pictures: the content, the style, and a mixture."""
    content, style = (
        images.read(path).resize((72, 48)) for path in (demo.landscape(), demo.painting())
    )
    for folder, picture, name in (
        ("contents", content, "lake"), ("styles", style, "hills"), ("out/same", content, ""),
        ("out/mixed", PIL.Image.blend(content, style, 0.5), ""), ("peers/copy", style, ""),
    ):  # fmt: skip
        (tmp_path / folder).mkdir(parents=True)
        picture.save(tmp_path / folder / f"{name or 'lake--hills'}.png")
    return tmp_path


def options(folder, **more):
    given = {
        "contents": folder / "contents", "styles": folder / "styles", "peers": folder / "peers",
        "directory": folder / "out", "presets": "same", "size": 72, "output": folder / "record",
        **more,
    }  # fmt: skip
    return [text for key, value in given.items() for text in (f"--{key}", value)]


def test_pictures_are_judged_and_shown(script, painted):
    done = script("quality.py", *options(painted))
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads((painted / "record.json").read_text())
    found = {one["painter"]: one["verdict"] for one in record["pictures"]}
    assert set(found) == {"same", "mixed", "copy"}
    same, mixed, copy = (found[name] for name in ("same", "mixed", "copy"))
    for loss in ("gram", "sliced", "nearest"):
        assert copy[loss] == pytest.approx(0, abs=1e-4)
        assert same[loss] > mixed[loss] > 1e-3
    for likeness in ("ssim", "edges"):
        assert same[likeness] == pytest.approx(1)
        assert 1 > mixed[likeness] > copy[likeness]
    assert same["self_similarity"] == 0 < mixed["self_similarity"] < copy["self_similarity"]
    assert (copy["coverage"], copy["unpainted"]) == (1, 0)
    assert same["unpainted"] > 0.5
    assert same["coverage"] < 1
    assert done.stdout == (painted / "record.md").read_text()
    assert (painted / "record.png").exists()
    with PIL.Image.open(painted / "out" / "sheet-lake.jpg") as sheet:
        assert sheet.width > 5 * 360
    index = json.loads((painted / "out" / "exhibits.json").read_text())
    assert [one["painter"] for one in index] == ["mixed", "same", "copy"]
    tally = script("vote.py", "--directory", painted / "out", "--tally")
    assert (tally.returncode, "votes.jsonl" in tally.stderr) == (1, True)


def test_a_preset_that_can_not_paint_and_a_folder_without_pictures(script, painted):
    done = script("quality.py", *options(painted, presets="none"))
    assert done.returncode == 1
    assert "lake--hills, none: unknown preset 'none'" in done.stderr
    empty = painted / "empty"
    empty.mkdir()
    done = script("quality.py", *options(painted, contents=empty))
    assert (done.returncode, "holds no pictures" in done.stderr) == (1, True)


def test_a_picture_of_another_shape_is_compared_with_the_content_in_its_shape(modules):
    from judging.verdict import judge

    content = images.read(demo.landscape())
    style = images.from_array(np.random.default_rng(0).random((20, 30, 3)))
    found = judge(content.resize((30, 40)), content=content, style=style, size=40)
    assert found.ssim == pytest.approx(1, abs=0.02)
