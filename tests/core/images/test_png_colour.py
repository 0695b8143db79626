"""Curves and primaries of cICP, gAMA and cHRM, against numbers computed by other means."""

import io
import struct

import numpy as np
import PIL.Image
import pytest
from pictures import icc, xyz
from PIL import ImageCms

from nst_core.images.png_colour import encoding_of

SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
P3 = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
ADOBE = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
PRO_PHOTO = (0.3457, 0.3585, 0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001)


def chunks(*, cicp=None, gamma=None, places=None, **more):
    found = {name.encode(): data for name, data in more.items()}
    if cicp:
        found[b"cICP"] = bytes(cicp)
    if gamma:
        found[b"gAMA"] = struct.pack(">I", gamma)
    if places:
        found[b"cHRM"] = struct.pack(">8I", *(round(place * 100_000) for place in places))
    return found


def encoding(*, profile=False, grey=False, **given):
    found, notes = encoding_of(chunks(**given), profile=profile, grey=grey)
    assert notes == []
    return found


def converted(samples, **given):
    samples = np.array(samples, np.uint8 if np.max(samples) < 256 else np.uint16)
    return encoding(**given).to_srgb(samples.reshape(1, -1, 3))[0].tolist()


@pytest.mark.parametrize(
    ("transfer", "expected"),
    [
        (1, 145), (6, 145), (14, 145), (15, 145),  # ((0.502 + 0.099) / 1.099) ** (1 / 0.45)
        (4, 129), (5, 104), (7, 145), (8, 188),
    ],
)  # fmt: skip
def test_curves(transfer, expected):
    formulas = {
        1: lambda v: ((v + 0.099) / 1.099) ** (1 / 0.45),
        4: lambda v: v**2.2,
        5: lambda v: v**2.8,
        7: lambda v: ((v + 0.1115) / 1.1115) ** (1 / 0.45),
        8: lambda v: v,
    }
    formulas |= dict.fromkeys((6, 14, 15), formulas[1])
    light = formulas[transfer](128 / 255)
    encoded = round(255 * (1.055 * light ** (1 / 2.4) - 0.055))
    assert converted([128] * 3, cicp=(1, transfer, 0, 1)) == [[encoded] * 3]
    assert abs(encoded - expected) <= 12
    assert converted([[0] * 3, [255] * 3], cicp=(1, transfer, 0, 1)) == [[0] * 3, [255] * 3]


def test_the_foot_of_the_curves():
    light = 10 / 255 / 4.5
    expected = round(255 * (1.055 * light ** (1 / 2.4) - 0.055))
    assert converted([10] * 3, cicp=(1, 1, 0, 1)) == [[expected] * 3]


@pytest.mark.parametrize(
    "colour", [(255, 255, 255), (128, 128, 128), (255, 0, 0), (200, 100, 50), (100, 150, 120)]
)
def test_display_p3(colour):
    # The matrix that CSS Color 4 gives, to four digits.
    matrix = np.array([[1.2249, -0.2249, 0], [-0.0421, 1.0421, 0], [-0.0196, -0.0786, 1.0983]])
    values = np.array(colour) / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    light = (matrix @ light).clip(0, 1)
    expected = 255 * np.where(light < 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(converted(colour, cicp=(12, 13, 0, 1))[0] - expected).max() <= 0.6
    deep = converted([257 * part for part in colour], cicp=(12, 13, 0, 1))[0]
    assert np.abs(deep - expected).max() <= 0.6


def tristimulus(x, y):
    return np.array([x / y, 1, (1 - x - y) / y])


def littlecms(colour, places, gamma):
    """What LittleCMS makes of a colour, by an ICC profile with the same primaries and gamma."""
    adapt = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )
    white, d50 = tristimulus(*places[:2]), np.array([0.9642, 1, 0.8249])
    primaries = np.array([tristimulus(*places[n : n + 2]) for n in (2, 4, 6)]).T
    columns = primaries * np.linalg.solve(primaries, white)
    columns = np.linalg.inv(adapt) @ np.diag((adapt @ d50) / (adapt @ white)) @ adapt @ columns
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {b"wtpt": xyz(0.9642, 1, 0.8249), **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)}
    tags |= {name: xyz(*columns[:, n]) for n, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc(b"RGB ", tags)))
    target = ImageCms.createProfile("sRGB")
    picture = PIL.Image.new("RGB", (1, 1), tuple(colour))
    return ImageCms.buildTransform(profile, target, "RGB", "RGB").apply(picture).getpixel((0, 0))


@pytest.mark.parametrize("places", [ADOBE, P3, PRO_PHOTO], ids=["Adobe", "P3", "ProPhoto"])
@pytest.mark.parametrize("gamma", [100_000, 45_455, 55_556])
def test_gamma_and_primaries_as_littlecms_has_them(places, gamma):
    for colour in ((128, 128, 128), (150, 140, 120), (90, 110, 100), (200, 190, 180)):
        found = converted(colour, gamma=gamma, places=places)[0]
        assert np.abs(np.subtract(found, littlecms(colour, places, 1e5 / gamma))).max() <= 1


@pytest.mark.parametrize("primaries", [4, 5, 6, 7, 9, 11, 12, 22])
def test_white_stays_white(primaries):
    assert converted([255] * 3, cicp=(primaries, 13, 0, 1)) == [[255] * 3]
    assert converted([100] * 3, cicp=(primaries, 13, 0, 1)) == [[100] * 3]


@pytest.mark.parametrize("top", [255, 65535])
def test_narrow_range(top):
    unit = (top + 1) // 256
    samples = [[16 * unit] * 3, [235 * unit] * 3, [0] * 3, [top] * 3, [(16 + 73) * unit] * 3]
    found = converted(samples, cicp=(1, 13, 0, 0))
    assert found == [[0] * 3, [255] * 3, [0] * 3, [255] * 3, [85] * 3]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"sRGB": b"\0", "gamma": 100_000},
        {"gamma": 45_455},
        {"gamma": 45_455, "places": SRGB},
        {"gamma": 43_300},
        {"gamma": 47_600},
        {"places": P3},  # without gAMA
        {"gamma": 100_000, "profile": True},
        {"cicp": (1, 13, 0, 1)},
        {"cicp": (12, 13, 0, 1), "grey": True},
        {"gamma": 45_455, "places": P3, "grey": True},
        {"gAMA": b"\0"},
        {"cICP": b"\1\x08"},
    ],
)
def test_nothing_to_do(given):
    assert encoding(**given) is None


@pytest.mark.parametrize(
    "given", [{"gamma": 43_000}, {"gamma": 48_000}, {"gamma": 45_455, "places": P3}]
)
def test_something_to_do(given):
    assert encoding(**given) is not None


def test_code_points_override_the_profile():
    found = encoding(cicp=(1, 13, 0, 1), profile=True)
    samples = np.arange(256, dtype=np.uint8).reshape(1, -1, 1).repeat(3, 2)
    np.testing.assert_array_equal(found.to_srgb(samples), samples)


@pytest.mark.parametrize(
    ("cicp", "says"),
    [
        ((9, 16, 0, 1), "HDR (PQ)"),
        ((9, 18, 0, 1), "HDR (HLG)"),
        ((2, 13, 0, 1), "(2, 13, 0, 1) is none that nst knows"),
        ((1, 2, 0, 1), "(1, 2, 0, 1)"),
        ((1, 13, 1, 1), "(1, 13, 1, 1)"),
        ((1, 13, 0, 2), "(1, 13, 0, 2)"),
    ],
)
def test_code_points_that_are_not_understood(cicp, says):
    found, (note,) = encoding_of(chunks(cicp=cicp, gamma=100_000), profile=False, grey=False)
    assert says in note
    assert found is not None, "the next chunk counts"
    assert encoding_of(chunks(cicp=cicp, gamma=100_000), profile=True, grey=False)[0] is None


@pytest.mark.parametrize(
    "places",
    [(0,) * 8, (0.3, 0, *SRGB[2:]), (*SRGB[:2], *SRGB[2:4] * 3), (42_949,) * 8],
)
def test_places_that_are_none(places):
    found, (note,) = encoding_of(chunks(gamma=100_000, places=places), profile=False, grey=False)
    assert "describes no colours" in note
    assert found.matrix is None
