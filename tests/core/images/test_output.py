"""Resolution and alpha in files, and options that a format can't hold."""

import numpy as np
import PIL.Image
import pytest
from pictures import RECIPE

from nst_core.errors import PictureError
from nst_core.images import (
    DEFAULT_OUTPUT,
    DecodedPicture,
    EncodeOptions,
    Output,
    check_output,
    decoded,
    read,
    read_decoded,
    read_recipe,
    to_8bit,
    write,
)


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tif"])
def test_dots_per_inch(tmp_path, sky, extension):
    path = tmp_path / f"a.{extension}"
    write(sky, path, recipe=RECIPE, finish=EncodeOptions(dpi=240))
    with PIL.Image.open(path) as picture:
        exif = picture.getexif()
        found = picture.info.get("dpi") or (exif[282], exif[283])
        assert [round(float(value)) for value in found] == [240, 240]
    assert read_recipe(path) == RECIPE


@pytest.mark.parametrize("extension", ["png", "webp", "tif"])
def test_alpha_is_resized_and_kept(tmp_path, sky, extension):
    alpha = PIL.Image.new("L", (600, 40), 0)
    alpha.paste(255, (300, 0, 600, 40))
    path = tmp_path / f"a.{extension}"
    write(sky, path, recipe=RECIPE, finish=EncodeOptions(alpha=alpha))
    with PIL.Image.open(path) as picture:
        assert (picture.mode, picture.size) == ("RGBA", (300, 20))
        kept = np.asarray(picture.getchannel("A"))
        colours = np.asarray(picture.convert("RGB"))
    assert (kept[:, :149] == 0).all()
    assert (kept[:, 151:] == 255).all()
    if extension != "webp":  # which is lossy, and drops the colours of what can't be seen
        np.testing.assert_array_equal(colours, to_8bit(sky))


def test_alpha_of_a_source_is_upright(tmp_path):
    picture = PIL.Image.new("RGBA", (30, 20), (10, 20, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 30, 5))  # a transparent strip along the top
    exif = PIL.Image.Exif()
    exif[274] = 6  # to be turned clockwise: the strip lies at the right
    path = tmp_path / "a.png"
    picture.save(path, exif=exif)
    found = read_decoded(path)
    assert found.picture.size == found.alpha.size == (20, 30)
    alpha = np.asarray(found.alpha)
    assert (alpha[:, 15:] == 0).all()
    assert (alpha[:, :15] == 255).all()
    assert read_decoded(path).picture.tobytes() == read(path).tobytes()
    assert np.array_equal(np.asarray(decoded(picture).alpha)[:5], np.zeros((5, 30)))
    assert decoded(PIL.Image.new("RGB", (3, 2))).alpha is None


@pytest.mark.parametrize(
    ("name", "output", "says"),
    [
        ("a.jpg", Output(bits=16), "JPEG has 8 bits per channel; write a .png or .tif"),
        ("a.webp", Output(bits=16), "WEBP has 8 bits per channel; write a .png or .tif"),
        ("a.jpg", Output(keep_alpha=True), "JPEG has no transparency; write a .png, .webp or .tif"),
        ("a.pdf", Output(), "printers, which want CMYK, and nst writes RGB; write a 16-bit .tif"),
        ("a.EPS", Output(), "convert it with the printer's ICC profile"),
    ],
)
def test_what_a_format_cannot_hold_is_said_before_the_run(tmp_path, name, output, says):
    with pytest.raises(PictureError, match=r"^can't write ") as error:
        check_output(tmp_path / name, output)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_what_a_format_cannot_hold_is_refused_by_write_too(tmp_path, sky):
    alpha = PIL.Image.new("L", (3, 2))
    for finish in (EncodeOptions(bits=16), EncodeOptions(alpha=alpha)):
        with pytest.raises(PictureError, match=r"write a \.png"):
            write(sky, tmp_path / "a.jpg", finish=finish)
    assert list(tmp_path.iterdir()) == []


def test_options_keep_of_the_content_only_what_is_asked_for(photograph):
    content = read_decoded(photograph("c.jpg"))
    content = DecodedPicture(
        picture=content.picture, alpha=PIL.Image.new("L", (1, 1)), exif=content.exif
    )
    assert content.exif is not None
    assert EncodeOptions.of(DEFAULT_OUTPUT, content) == EncodeOptions()
    all_of_it = EncodeOptions.of(Output(bits=16, dpi=72, keep_alpha=True, keep_exif=True), content)
    assert all_of_it == EncodeOptions(bits=16, dpi=72, alpha=content.alpha, exif=content.exif)
    assert EncodeOptions.of(Output(keep_alpha=True), content).exif is None
    assert EncodeOptions.of(Output(keep_exif=True), content).alpha is None
