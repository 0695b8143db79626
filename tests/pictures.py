"""Pictures, colour profiles and readers that several tests of nst_core.images share."""

import struct

import numpy as np
import PIL.Image
import png
import pytest
import tifffile

from nst_core.errors import PictureError

RECIPE = '# Gemälde, 星月夜 🎨\r\ntitle = "é"\n\n'

RGB = (200, 100, 50)
WRITTEN = ["png", "jpg", "webp", "tiff"]


def pixel(picture):
    assert picture.mode == "RGB"
    assert picture.info == {}
    return picture.getpixel((0, 0))


def close(actual, expected, tolerance):
    return max(abs(a - e) for a, e in zip(actual, expected, strict=True)) <= tolerance


def palette(mode="P", colour=1, *, alpha=None, key=None):
    picture = PIL.Image.new(mode, (4, 2), colour)
    picture.putpalette([0, 0, 0, *RGB])
    if alpha is not None:
        picture.info["transparency"] = bytes([255, alpha])
    if key is not None:
        picture.info["transparency"] = key
    return picture


def keyed(mode, colour, key):
    picture = PIL.Image.new(mode, (4, 2), colour)
    picture.info["transparency"] = key
    return picture


def new(mode, colour):
    return PIL.Image.new(mode, (4, 2), colour)


OVER_WHITE = (227, 177, 152)  # RGB at alpha 128: (c * 128 + 255 * 127) / 255

WHITE = (255, 255, 255)


def xyz(x, y, z):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in (x, y, z)))


def icc(space, tags, *, kind=b"mntr", pcs=b"XYZ "):
    """An ICC profile of version 2."""
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">2I", offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"none", 0x02400000, kind, space, pcs)
    head += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


LINEAR = b"curv" + bytes(8)

RED, GREEN, BLUE = (
    xyz(0.43607, 0.22249, 0.01392),  # the primaries of sRGB under D50
    xyz(0.38515, 0.71687, 0.09708),
    xyz(0.14307, 0.06061, 0.71410),
)


def rgb_profile(red=RED, green=GREEN, blue=BLUE):
    primaries = {b"rXYZ": red, b"gXYZ": green, b"bXYZ": blue}
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), LINEAR)
    return icc(b"RGB ", {b"wtpt": xyz(0.9642, 1, 0.8249), **primaries, **curves})


SWAPPED = rgb_profile(red=BLUE, blue=RED)

GREY = icc(b"GRAY", {b"wtpt": xyz(0.9642, 1, 0.8249), b"kTRC": LINEAR})

GREENISH = (101, 189, 113)  # L* 69.8, a* -40, b* 30 by CIE's formulas


def cmyk_profile():
    """Cyan ink looks greenish, with magenta and yellow or without; black is black."""
    ramp = bytes(range(256))
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    paper, green, black = bytes([255, 128, 128]), bytes([178, 88, 158]), bytes([0, 128, 128])
    nodes = (paper + black) * 4 + (green + black) * 4  # K changes fastest, C slowest
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + ramp * 4 + nodes + ramp * 3
    return icc(b"CMYK", {b"A2B0": table}, kind=b"prtr", pcs=b"Lab ")


def profiled(picture, profile):
    picture.info["icc_profile"] = profile
    return picture


def samples_of(path):
    """Return samples (H, W, C) at full depth, by a library that had no part in writing them."""
    if path.suffix.lower() == ".png":
        width, height, rows, info = png.Reader(bytes=path.read_bytes()).read()
        assert info["bitdepth"] == 16
        return np.vstack([np.asarray(row, np.uint16) for row in rows]).reshape(height, width, -1)
    return tifffile.imread(path)


def refused(call, path):
    with pytest.raises(PictureError) as error:
        call()
    text = str(error.value)
    assert "\n" not in text
    assert str(path) in text
    return text
