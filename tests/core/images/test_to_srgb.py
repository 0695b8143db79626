"""Conversion of every mode, with and without profiles, to 8-bit sRGB."""

import numpy as np
import PIL.Image
import pytest
from pictures import (
    GREENISH,
    GREY,
    OVER_WHITE,
    RGB,
    SWAPPED,
    WHITE,
    close,
    cmyk_profile,
    icc,
    keyed,
    new,
    palette,
    pixel,
    profiled,
    xyz,
)

from nst_core.images.to_srgb import colour_and_alpha, srgb_profile, to_srgb


@pytest.mark.parametrize(
    ("picture", "expected", "tolerance"),
    [
        (new("1", 1), WHITE, 0),
        (new("1", 0), (0, 0, 0), 0),
        (keyed("1", 0, 0), WHITE, 0),
        (new("L", 100), (100,) * 3, 0),
        (keyed("L", 100, 100), WHITE, 0),
        (keyed("L", 100, 99), (100,) * 3, 0),
        (new("LA", (100, 128)), (177,) * 3, 0),
        (new("La", (50, 128)), (177,) * 3, 1),
        (palette(), RGB, 0),
        (palette(alpha=128), OVER_WHITE, 0),
        (palette(alpha=0), WHITE, 0),
        (palette(key=1), WHITE, 0),
        (palette(key=0), RGB, 0),
        (palette("PA", (1, 128)), OVER_WHITE, 0),
        (new("RGB", RGB), RGB, 0),
        (keyed("RGB", RGB, RGB), WHITE, 0),
        (keyed("RGB", RGB, (1, 2, 3)), RGB, 0),
        (new("RGBX", (*RGB, 7)), RGB, 0),
        (new("RGBA", (*RGB, 255)), RGB, 0),
        (new("RGBA", (*RGB, 128)), OVER_WHITE, 0),
        (new("RGBA", (*RGB, 0)), WHITE, 0),
        (new("RGBa", (100, 50, 25, 128)), OVER_WHITE, 1),
        (new("CMYK", (0, 255, 255, 0)), (255, 0, 0), 0),
        (new("CMYK", (0, 0, 0, 0)), WHITE, 0),
        (new("RGB", RGB).convert("YCbCr"), RGB, 1),
        (new("HSV", (0, 255, 255)), (255, 0, 0), 0),
        (new("LAB", (138, 209, 198)), (255, 0, 0), 6),  # L* 54, a* 81, b* 70
        (new("I;16", 128 * 257), (128,) * 3, 0),
        (new("I;16L", 128 * 257), (128,) * 3, 0),
        (new("I;16B", 128 * 257), (128,) * 3, 0),
        (new("I;16N", 128 * 257), (128,) * 3, 0),
        (new("I;16", 65535), WHITE, 0),
        (keyed("I;16", 5000, 5000), WHITE, 0),
        (keyed("I;16", 128 * 257, 5000), (128,) * 3, 0),
        (new("I", 128 * 257), (128,) * 3, 0),
        (new("I", 2**30), (128,) * 3, 0),
        (new("I", -5), (0, 0, 0), 0),
        (new("F", 0.25), (64,) * 3, 0),
        (new("F", 1.5), WHITE, 0),
        (new("F", 100.0), (100,) * 3, 0),
        (new("F", 128 * 257.0), (128,) * 3, 0),
        (new("F", -1.0), (0, 0, 0), 0),
    ],
    ids=lambda value: value.mode if isinstance(value, PIL.Image.Image) else None,
)
def test_modes(picture, expected, tolerance):
    converted = to_srgb(picture)
    assert converted.size == (4, 2)
    assert close(pixel(converted), expected, tolerance)


def test_the_argument_stays_as_it_is():
    picture = keyed("RGB", RGB, (1, 2, 3))
    assert to_srgb(picture) is not picture
    assert picture.info == {"transparency": (1, 2, 3)}
    assert picture.mode == "RGB"


def test_deep_grey_is_scaled_over_its_whole_range():
    values = np.arange(0, 65536, 7, dtype=np.uint16).reshape(1, -1)
    grey = np.asarray(to_srgb(PIL.Image.fromarray(values)))[..., 0]
    np.testing.assert_array_equal(grey, (values.astype(int) + 128) // 257)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (profiled(new("L", 128), GREY), (188,) * 3),
        (profiled(new("1", 1), GREY), WHITE),
        (profiled(new("LA", (128, 128)), GREY), (221,) * 3),  # the profile first, then over white
        (profiled(new("I;16", 128 * 257), GREY), (188,) * 3),
        (profiled(new("RGBA", (255, 0, 0, 128)), SWAPPED), (127, 127, 255)),
        (profiled(palette(), SWAPPED), (122, 168, 229)),
        (profiled(new("RGB", RGB).convert("YCbCr"), SWAPPED), (122, 168, 229)),
        (profiled(new("CMYK", (255, 0, 0, 0)), cmyk_profile()), GREENISH),
        (profiled(new("CMYK", (0, 0, 0, 0)), cmyk_profile()), WHITE),
    ],
    ids=lambda value: value.mode if isinstance(value, PIL.Image.Image) else None,
)
def test_profiles_of_other_modes(picture, expected):
    assert close(pixel(to_srgb(picture)), expected, 4)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (profiled(new("L", 128), SWAPPED), (128,) * 3),
        (profiled(new("RGB", RGB), GREY), RGB),
        (profiled(new("RGB", RGB), cmyk_profile()), RGB),
        (profiled(new("CMYK", (0, 255, 255, 0)), SWAPPED), (255, 0, 0)),
        (profiled(new("RGB", RGB), b"no profile at all"), RGB),
        (profiled(new("RGB", RGB), SWAPPED[:140]), RGB),
        (profiled(new("RGB", RGB), icc(b"RGB ", {b"wtpt": xyz(1, 1, 1)})), RGB),
        (profiled(new("RGB", RGB), b""), RGB),
    ],
)
def test_profiles_that_are_broken_or_do_not_fit_are_ignored(picture, expected, capfd):
    assert pixel(to_srgb(picture)) == expected
    assert capfd.readouterr() == ("", "")


def test_the_alpha_comes_along():
    picture = new("RGBA", (*RGB, 128))
    rgb, alpha = colour_and_alpha(picture)
    assert pixel(rgb) == OVER_WHITE
    assert (alpha.mode, alpha.getpixel((0, 0))) == ("L", 128)
    assert colour_and_alpha(palette(key=1))[1].getpixel((0, 0)) == 0
    assert colour_and_alpha(keyed("I;16", 5000, 5000))[1].getpixel((0, 0)) == 0
    assert colour_and_alpha(new("RGB", RGB))[1] is None


@pytest.mark.parametrize(
    ("top", "value", "expected"),
    [
        (2.0, 1.0, 255),
        (2.1, 1.0, 1),
        (510.0, 255.0, 255),
        (511.0, 257.0, 1),
    ],
)
def test_white_of_floating_point_grey_follows_the_largest_value(top, value, expected):
    grey = np.asarray(to_srgb(PIL.Image.fromarray(np.array([[top, value]], np.float32))))
    assert grey[0, 1, 0] == expected


@pytest.mark.parametrize(("top", "expected"), [(65535, 255), (65536, 0)])
def test_white_of_32_bit_grey_follows_the_largest_value(top, expected):
    grey = np.asarray(to_srgb(PIL.Image.fromarray(np.array([[top, 65535]], np.int32))))
    assert grey[0, 1, 0] == expected


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_grey_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="NaN or infinite"):
        to_srgb(new("F", value))


def test_the_profile_of_srgb_has_a_fixed_date_and_changes_no_colour():
    profile = srgb_profile()
    assert srgb_profile() == profile
    assert profile[24:36] == bytes([0x07, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
    assert pixel(to_srgb(profiled(new("RGB", RGB), profile))) == RGB
