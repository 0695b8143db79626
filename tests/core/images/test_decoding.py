"""Decoding a picture as its file stores it, and turning it upright."""

import io

import numpy as np
import PIL.Image
import pytest

from nst_core.errors import PictureError
from nst_core.images.decoding import StoredPicture, stored_picture, with_alpha
from nst_core.images.opening import reader_of

# Each orientation of EXIF, and where its first row and first column are: (rows, columns) of the
# stored pixels as a function of the upright ones.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: a.transpose(1, 0, 2)[:, ::-1],
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: a.transpose(1, 0, 2)[::-1],
}
PIXELS = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
ALPHA = np.random.default_rng(1).integers(0, 256, (4, 6), np.uint8)


def picture(*, alpha=False):
    found = PIL.Image.fromarray(PIXELS)
    if alpha:
        found.putalpha(PIL.Image.fromarray(ALPHA))
    return found


def stored(form, image, *, max_pixels=100, **options):
    stream = io.BytesIO()
    image.save(stream, form, **options)
    stream.seek(0)
    return stored_picture("a", stream, reader_of("a", stream), max_pixels=max_pixels)


def exif(orientation):
    found = PIL.Image.Exif()
    found[274], found[271] = orientation, "Maker"
    return found


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_colours_and_alpha_are_turned_together(form, alpha, orientation):
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    found = stored(form, picture(alpha=alpha), exif=exif(orientation), **options)
    assert found.orientation == orientation
    np.testing.assert_array_equal(np.asarray(found.straight), PIXELS)
    upright = found.upright()
    turn = UPRIGHT[orientation]
    if not alpha:
        assert (upright.alpha, upright.straight) == (None, None)
        np.testing.assert_array_equal(np.asarray(upright.picture), turn(PIXELS))
        return
    np.testing.assert_array_equal(np.asarray(upright.straight), turn(PIXELS))
    np.testing.assert_array_equal(np.asarray(upright.alpha), turn(ALPHA[..., None])[..., 0])
    share = ALPHA[..., None] / 255
    over_white = turn(np.rint(PIXELS * share + 255 * (1 - share)))
    assert np.abs(np.asarray(upright.picture) - over_white).max() <= 1
    assert upright.exif.ifd0 == {271: "Maker"}


def test_a_tiff_is_turned_by_pillow_and_not_again():
    found = stored("TIFF", picture(), tiffinfo={274: 6})
    assert found.orientation == 1
    np.testing.assert_array_equal(np.asarray(found.upright().picture), UPRIGHT[6](PIXELS))


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_is_none_is_ignored(orientation):
    found = stored("PNG", picture(), exif=exif(orientation))
    np.testing.assert_array_equal(np.asarray(found.upright().picture), PIXELS)


def test_damaged_exif_data_cost_no_pixels():
    found = stored("PNG", picture(), exif=b"MM\0*\0\0\0\x08\xff\xff")
    assert (found.orientation, found.exif) == (1, None)


def test_the_limit_holds_before_anything_is_decoded():
    assert stored("PNG", picture(), max_pixels=24).straight.size == (6, 4)
    with pytest.raises(PictureError, match="6 x 4 pixels are more than 23"):
        stored("PNG", picture(), max_pixels=23)


def test_notes_name_the_file_and_stay_when_it_is_turned():
    stream = io.BytesIO()
    PIL.Image.fromarray(np.array([[0, 300]], np.int32)).save(stream, "TIFF")
    stream.seek(0)
    found = stored_picture("b.tif", stream, reader_of("b.tif", stream), max_pixels=9)
    line = "b.tif: its 32-bit values reach only 300: taken as 0...65535"
    assert found.notes == found.upright().notes == (line,)


def test_missing_pixels_are_filled_in_colours_and_alpha():
    one = StoredPicture(
        straight=PIL.Image.fromarray(PIXELS), alpha=PIL.Image.fromarray(ALPHA), exif=None,
        orientation=1,
    )  # fmt: skip
    assert [channel.mode for channel in one.channels()] == ["L"] * 4
    missing = np.zeros((4, 6), bool)
    missing[2:, 3:] = True
    found = one.filled(missing)
    colours, alpha = PIXELS.copy(), ALPHA.copy()
    colours[2:, 3:], alpha[2:, 3:] = PIXELS[1, 3:], ALPHA[1, 3:]
    np.testing.assert_array_equal(np.asarray(found.straight), colours)
    np.testing.assert_array_equal(np.asarray(found.alpha), alpha)


def test_without_alpha_the_colours_are_the_picture():
    rgb = picture()
    found = with_alpha(rgb, None, None)
    assert found.picture is rgb
    assert (found.alpha, found.straight, found.exif, found.notes) == (None, None, None, ())
