"""Files of 16 bits per channel, read by libraries that had no part in writing them."""

import io
import zlib

import numpy as np
import PIL.Image
import png
import pytest
import tifffile
from pictures import RECIPE, samples_of

from nst_core.errors import PictureError
from nst_core.images import EncodeOptions, read, read_recipe, sixteen_bit, to_8bit, write
from nst_core.images.resize import to_16bit
from nst_core.images.to_srgb import srgb_profile

DEEP = ["png", "PNG", "tif", "tiff"]


@pytest.mark.parametrize("extension", DEEP)
def test_sixteen_bits_are_all_there(tmp_path, sky, extension):
    path = tmp_path / f"a.{extension}"
    write(sky, path, recipe=RECIPE, finish=EncodeOptions(bits=16))
    samples = samples_of(path)
    np.testing.assert_array_equal(samples, to_16bit(sky))
    assert np.abs(samples / 65535 - sky.clip(0, 1)).max() < 0.51 / 65535 + 1e-7
    assert len(np.unique(samples[5, :, 0])) == 300  # no bands: 8 bits would show 31 levels
    assert len(np.unique(to_8bit(sky)[5, :, 0])) <= 31
    assert read_recipe(path) == RECIPE
    with PIL.Image.open(path) as picture:
        assert picture.info["icc_profile"] == srgb_profile()
    # What nst reads of it has 8 bits again: by cutting or by rounding, at most a level apart.
    assert np.abs(np.asarray(read(path)).astype(int) - to_8bit(sky)).max() <= 1


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_sixteen_bits_with_everything_and_twice_the_same(tmp_path, sky, extension):
    alpha = PIL.Image.new("L", (300, 20), 77)
    finish = EncodeOptions(bits=16, dpi=300, alpha=alpha, exif=None)
    for name in ("a", "b"):
        write(sky, tmp_path / f"{name}.{extension}", recipe=RECIPE, finish=finish)
    path = tmp_path / f"a.{extension}"
    assert path.read_bytes() == (tmp_path / f"b.{extension}").read_bytes()
    samples = samples_of(path)
    assert samples.shape == (20, 300, 4)
    assert (samples[:, :, 3] == 77 * 257).all()
    np.testing.assert_array_equal(samples[:, :, :3], to_16bit(sky))
    with PIL.Image.open(path) as picture:
        assert picture.mode == "RGBA"
        assert [round(float(value), 2) for value in picture.info["dpi"]] == [300, 300]
    assert read_recipe(path) == RECIPE


def test_filters_of_a_deep_png_pay(tmp_path):
    rows, columns = np.mgrid[0:200, 0:300]
    smooth = np.stack([np.sin(rows / 40), np.cos(columns / 50), np.sin((rows + columns) / 60)], 2)
    image = (smooth / 2 + 0.5).astype(np.float32)
    write(image, tmp_path / "a.png", finish=EncodeOptions(bits=16))
    plain = len(zlib.compress(to_16bit(image).astype(">u2").tobytes(), 6))
    assert (tmp_path / "a.png").stat().st_size < 0.8 * plain


@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_says_nothing_of_inches_unasked(tmp_path, sky, bits):
    write(sky, tmp_path / "a.tif", recipe=RECIPE, finish=EncodeOptions(bits=bits))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        unit = file.pages[0].tags.get("ResolutionUnit")
    assert unit is None or unit.value == 1, "1 is none, 2 an inch"


def test_nan_is_refused_in_sixteen_bits(tmp_path, sky):
    sky[3, 3, 1] = np.nan
    with pytest.raises(PictureError, match=r"NaN or infinite values \(1 of"):
        write(sky, tmp_path / "a.png", finish=EncodeOptions(bits=16))


@pytest.mark.parametrize("channels", [3, 4])
def test_a_png_that_pypng_reads(channels):
    pixels = np.random.default_rng(0).integers(0, 65536, (7, 5, channels), dtype=np.uint16)
    encoded = sixteen_bit.png(pixels, profile=b"profile", exif=None, dpi=300)
    width, height, rows, info = png.Reader(bytes=encoded).read()
    assert (width, height, info["bitdepth"], info["alpha"]) == (5, 7, 16, channels == 4)
    found = np.vstack([np.asarray(row, np.uint16) for row in rows]).reshape(pixels.shape)
    np.testing.assert_array_equal(found, pixels)
    assert info["physical"][:2] == (11811, 11811)  # dots per metre
    chunks = dict(png.Reader(bytes=encoded).chunks())
    assert zlib.decompress(chunks[b"iCCP"].partition(b"\0\0")[2]) == b"profile"


def test_exif_data_in_a_png():
    exif = PIL.Image.Exif()
    exif[270] = "é".encode()
    pixels = np.zeros((1, 1, 3), np.uint16)
    encoded = sixteen_bit.png(pixels, profile=b"", exif=exif, dpi=None)
    chunks = dict(png.Reader(bytes=encoded).chunks())
    assert chunks[b"eXIf"][:2] in (b"II", b"MM"), "without JPEG's prefix"
    assert b"pHYs" not in chunks
    plain = dict(
        png.Reader(bytes=sixteen_bit.png(pixels, profile=b"", exif=None, dpi=None)).chunks()
    )
    assert b"eXIf" not in plain


def test_a_row_gets_the_filter_that_leaves_least():
    smooth = np.zeros((3, 4, 3), np.uint16)
    smooth[0] = 7 * 257  # equal to the left, not to the row above, which is 0: Sub
    smooth[1] = np.arange(12).reshape(4, 3) * 1000
    smooth[2] = smooth[1]  # equal to the row above: Up
    rows = np.frombuffer(sixteen_bit._filtered_rows(smooth), np.uint8).reshape(3, -1)
    assert rows[[0, 2], 0].tolist() == [1, 2]
    assert rows[0, 7:].max() == 0
    assert rows[2, 1:].max() == 0


def test_tags_of_a_tiff_have_types():
    exif = PIL.Image.Exif()
    exif[270], exif[271], exif[274], exif[37386] = "é".encode(), "Maker", 1, 0.5
    pixels = np.zeros((2, 3, 3), np.uint16)
    encoded = sixteen_bit.tiff(pixels, profile=b"profile", exif=exif, dpi=None)
    with tifffile.TiffFile(io.BytesIO(encoded)) as file:
        tags = file.pages[0].tags
        assert tags[271].value == "Maker"
        assert (tags[274].value, tags[37386].value) == (1, (1, 2))
        assert tags[34675].value == b"profile"
    with PIL.Image.open(io.BytesIO(encoded)) as picture:
        assert picture.getexif()[270].encode("latin-1").decode() == "é"
