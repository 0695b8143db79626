"""A result: how its picture is saved, and where it goes if that fails."""

import tempfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import nst_core as nst
from nst_core import images
from nst_core.backend import Device
from nst_core.errors import PictureError
from nst_core.images import EncodeOptions
from nst_core.run.observers import Plan
from nst_core.run.result import Result
from nst_core.spec import presets


@pytest.fixture
def result():
    plan = Plan(
        spec=presets.load("d2l"), sizes=((4, 5),), backend="fake 1.0", device=Device("cpu", "x"),
        weights="zeros", weights_checksum="", recipe='name = "x"\n',
        finish=EncodeOptions(dpi=100.0),
    )  # fmt: skip
    image = np.full((4, 5, 3), 0.6, np.float32)
    return Result(image=image, plan=plan, history=(), seconds=1.0)


def test_a_picture_is_saved_with_its_recipe_and_what_was_asked_for(result, tmp_path):
    result.save(tmp_path / "a.png")
    assert images.read_recipe(tmp_path / "a.png") == result.plan.recipe
    with PIL.Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (5, 4)
        assert picture.getpixel((0, 0)) == (153, 153, 153)
        assert picture.info["dpi"] == pytest.approx((100, 100), abs=0.1)


def test_a_fallback_is_not_used_if_the_picture_can_be_saved(result, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "mkdtemp", pytest.fail)
    result.save_with_fallback(tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_picture_that_cant_be_saved_is_saved_elsewhere(result, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(PictureError, match="the picture was saved as ") as caught:
        result.save_with_fallback(tmp_path / "none" / "a.png")
    line = str(caught.value)
    assert "\n" not in line
    assert "there is no directory" in line
    path = Path(line.rpartition("the picture was saved as ")[2])
    assert (path.name, path.parent.parent) == ("a.png", tmp_path)
    with PIL.Image.open(path) as picture:
        assert picture.size == (5, 4)


def test_if_nothing_can_be_written_the_line_says_so(result, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(PictureError, match=r"and it could not be saved elsewhere either$"):
        result.save_with_fallback(tmp_path / "none" / "a.png")


def test_an_interruption_is_a_keyboard_interrupt_with_the_result(result):
    interruption = nst.Interrupted(result)
    assert isinstance(interruption, KeyboardInterrupt)
    assert interruption.result is result
