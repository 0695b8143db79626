"""The recipe in a picture, there and back."""

import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import pytest
from pictures import RECIPE, WRITTEN, refused

from nst_core.errors import PictureError
from nst_core.images import read, read_recipe, write
from nst_core.images.embedded_recipe import add_recipe


@pytest.mark.parametrize("extension", WRITTEN)
@pytest.mark.parametrize(
    "recipe", [RECIPE, RECIPE * 500, "", "\n", "x = 1", "\ufeffx = 1"], ids=len
)
def test_recipe_round_trip(tmp_path, image, extension, recipe):
    path = tmp_path / f"a.{extension}"
    write(image, path, recipe=recipe)
    assert read_recipe(path) == recipe
    assert np.asarray(read(path)).shape == image.shape
    with PIL.Image.open(path) as picture:
        picture.load()
        assert picture.getexif()[305] == "nst"


def test_the_long_recipe_is_long():
    assert len((RECIPE * 500).encode()) > 20_000


@pytest.mark.parametrize("extension", WRITTEN)
def test_no_recipe(tmp_path, image, extension):
    path = tmp_path / f"a.{extension}"
    write(image, path)
    assert "holds none" in refused(lambda: read_recipe(path), path)
    # What a camera or an editor says of a picture is no recipe.
    exif = PIL.Image.Exif()
    exif[270], exif[305] = "Holiday", "Camera 1.0"
    PIL.Image.new("RGB", (8, 8)).save(path, exif=exif)
    assert "holds none" in refused(lambda: read_recipe(path), path)


def test_recipe_of_what_is_no_picture(tmp_path):
    path = tmp_path / "a.png"
    assert "no such file" in refused(lambda: read_recipe(path), path)
    path.write_text("x = 1")
    assert "not a JPEG, PNG" in refused(lambda: read_recipe(path), path)


def test_reading_a_recipe_decodes_no_pixels(tmp_path, image, monkeypatch):
    path = tmp_path / "a.png"
    write(image, path)
    with monkeypatch.context() as patch:
        patch.setattr(PIL.PngImagePlugin.PngImageFile, "load", lambda _: pytest.fail("decoded"))
        assert "holds none" in refused(lambda: read_recipe(path), path)
    write(image, path, recipe=RECIPE)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"IDAT") + 8])
    assert read_recipe(path) == RECIPE


@pytest.mark.parametrize("recipe", ["a\0b", "\ud800"])
def test_recipes_that_are_no_text(tmp_path, image, recipe):
    path = tmp_path / "a.png"
    assert "the recipe" in refused(lambda: write(image, path, recipe=recipe), path)
    assert not path.exists()


def test_a_recipe_too_long_for_jpeg(tmp_path, image):
    path = tmp_path / "a.jpg"
    text = refused(lambda: write(image, path, recipe="x" * 70_000), path)
    assert "JPEG can't hold it" in text
    assert text.endswith("write a .png instead")
    assert list(tmp_path.iterdir()) == []
    write(image, tmp_path / "a.png", recipe="x" * 70_000)
    assert read_recipe(tmp_path / "a.png") == "x" * 70_000


@pytest.mark.parametrize("recipe", ["a\0b", "\ud800"])
def test_exif_data_stay_as_they_are_when_a_recipe_is_refused(recipe):
    exif = PIL.Image.Exif()
    exif[270], exif[305] = "Holiday", "Camera 1.0"
    with pytest.raises(PictureError, match="the recipe "):
        add_recipe(exif, recipe)
    assert dict(exif) == {270: "Holiday", 305: "Camera 1.0"}


def test_a_recipe_is_text_in_utf_8_of_two_tags():
    exif = PIL.Image.Exif()
    exif[271] = "Maker"
    add_recipe(exif, "é = 1\n")
    assert dict(exif) == {270: "é = 1\n".encode(), 305: "nst", 271: "Maker"}


def test_a_description_by_nst_that_is_no_text_is_no_recipe(tmp_path):
    path = tmp_path / "a.jpg"
    exif = PIL.Image.Exif()
    exif[270], exif[305] = b"\xff\xfe", "nst"
    PIL.Image.new("RGB", (8, 8)).save(path, exif=exif)
    assert "holds none" in refused(lambda: read_recipe(path), path)
    del exif[270]
    PIL.Image.new("RGB", (8, 8)).save(path, exif=exif)
    assert "holds none" in refused(lambda: read_recipe(path), path)
