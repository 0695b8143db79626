"""BMP without alpha, and what is said of 32-bit grey."""

import struct

import numpy as np
import PIL.Image
import pytest

from nst_core.errors import PictureWarning
from nst_core.images import read, read_decoded

MASKS = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)


def bmp(pixels, *, header=108, masks=MASKS, bottom_up=True):
    """A BMP of 32 bits per pixel with bit fields. ``pixels``: (H, W, 4), blue first."""
    height, width, _ = pixels.shape
    rows = (pixels[::-1] if bottom_up else pixels).tobytes()
    info = struct.pack("<IiiHHII", header, width, height if bottom_up else -height, 1, 32, 3, 0)
    info = (info + bytes(16) + struct.pack("<4I", *masks)).ljust(header, b"\0")
    start = 14 + len(info)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + info + rows


@pytest.mark.parametrize("header", [56, 108, 124])
@pytest.mark.parametrize("bottom_up", [True, False])
def test_an_alpha_of_0_throughout_is_none(tmp_path, header, bottom_up):
    path = tmp_path / "a.bmp"
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 4), dtype=np.uint8)
    pixels[..., 3] = 0
    path.write_bytes(bmp(pixels, header=header, bottom_up=bottom_up))
    found = read_decoded(path)
    np.testing.assert_array_equal(np.asarray(found.picture), pixels[..., 2::-1])
    assert found.alpha is None
    pixels[2, 3, 3] = 1
    path.write_bytes(bmp(pixels, header=header, bottom_up=bottom_up))
    assert np.asarray(read_decoded(path).alpha).sum() == 1
    assert np.asarray(read(path))[0, 0].tolist() == [255, 255, 255]


def test_an_alpha_of_0_throughout_elsewhere_is_one(tmp_path):
    path = tmp_path / "a.png"
    PIL.Image.new("RGBA", (4, 4), (1, 2, 3, 0)).save(path)
    assert np.asarray(read(path))[0, 0].tolist() == [255, 255, 255]


def test_the_range_of_32_bit_grey_is_said(tmp_path):
    path = tmp_path / "a.tif"
    PIL.Image.fromarray(np.array([[0, 128 * 257]], np.int32)).save(path)
    with pytest.warns(PictureWarning, match="32-bit values reach only 32896: taken as 0...65535"):
        assert np.asarray(read(path))[0, 1].tolist() == [128] * 3
    PIL.Image.fromarray(np.array([[0, 2**30]], np.int32)).save(path)
    assert np.asarray(read(path))[0, 1].tolist() == [128] * 3
