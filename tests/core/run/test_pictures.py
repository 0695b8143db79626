"""The pictures of a run: paths, Pillow images and arrays."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from nst_core.errors import PictureError, SpecError
from nst_core.run.pictures import Pictures, open_mask, open_picture, sequence_of
from nst_core.spec.recipe import checked_run

RED = PIL.Image.new("RGB", (4, 3), (255, 0, 0))


@pytest.fixture
def path(tmp_path):
    RED.save(tmp_path / "red.png")
    return tmp_path / "red.png"


def test_one_picture_is_a_list_of_one():
    array = np.zeros((2, 2, 3))
    for picture in ("a.png", Path("a.png"), RED):
        assert sequence_of(picture) == [picture]
    (found,) = sequence_of(array)
    assert found is array
    assert sequence_of(("a", Path("b"))) == ["a", Path("b")]
    assert sequence_of([array, RED])[1] is RED
    assert sequence_of(()) == []


def test_every_kind_of_picture_is_opened(path):
    pixels = np.asarray(RED)
    for picture in (str(path), path, RED, pixels, pixels / 255):
        found = open_picture(picture, max_pixels=100).picture
        assert found.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(found), pixels)


def test_files_of_too_many_pixels_are_refused(path):
    with pytest.raises(PictureError) as caught:
        open_picture(path, max_pixels=11)
    assert "\n" not in str(caught.value)
    assert open_picture(path, max_pixels=12).picture.size == (4, 3)


def test_a_wrong_array_is_refused():
    with pytest.raises(PictureError, match="shape"):
        open_picture(np.zeros((3, 4)), max_pixels=100)


def test_a_mask_is_opened_if_there_is_one(path):
    assert open_mask(None, max_pixels=100) is None
    assert open_mask(path, max_pixels=100).labels.colours == ((255, 0, 0),)


def test_the_pictures_that_a_run_table_names():
    table = {"content": "a.png", "style": ["b.png", "c.png"], "content_mask": "d.png"}
    pictures = Pictures.named_by(checked_run(table))
    assert pictures.content == "a.png"
    assert pictures.styles == ("b.png", "c.png")
    assert (pictures.content_mask, pictures.style_masks) == ("d.png", ())
    with pytest.raises(SpecError, match=r"run\.content is missing: name a content picture"):
        Pictures.named_by(checked_run({"style": "b.png"}))


def test_only_paths_go_into_a_run_table():
    pictures = Pictures(content=Path("a.png"), styles=["b.png", "c.png"], content_mask="d.png")
    assert pictures.paths() == {
        "content": "a.png",
        "style": ["b.png", "c.png"],
        "content_mask": "d.png",
        "style_mask": [],
    }
    checked_run(pictures.paths())
    # Some of the styles alone would be another result.
    mixed = Pictures(content=RED, styles=["b.png", RED])
    assert mixed.paths() == {
        "content": None, "style": [], "content_mask": None, "style_mask": []
    }  # fmt: skip
