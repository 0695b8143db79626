"""Samples of every depth, layout, compression and byte order, value by value."""

import io
import itertools

import numpy as np
import pytest
import tiff_files
import tifffile

from nst_core.images.tiff_directory import picture_page
from nst_core.images.tiff_layout import read_layout
from nst_core.images.tiff_samples import decode
from nst_core.images.unsupported import UnsupportedKindError

HEIGHT, WIDTH = 13, 19
LOSSLESS = ["none", "lzw", "deflate", "packbits", "lzma", "zstd"]


def decoded(data):
    stream = io.BytesIO(data)
    return decode(stream, read_layout(picture_page(stream)[1]))


def random_samples(dtype, channels, *, bits=None, size=(HEIGHT, WIDTH)):
    dtype, rng = np.dtype(dtype), np.random.default_rng(0)
    if dtype.kind == "f":
        return rng.normal(size=(*size, channels)).astype(dtype)
    bits = bits or 8 * dtype.itemsize
    low = -(2 ** (bits - 1)) if dtype.kind == "i" else 0
    return rng.integers(low, 2**bits + low, (*size, channels), dtype=dtype)


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "f2", "f4", "f8"])
@pytest.mark.parametrize("compression", LOSSLESS)
def test_every_layout(dtype, compression):
    predictors = [1] if compression in ("none", "packbits") else [1, 3 if dtype[0] == "f" else 2]
    layouts = itertools.product(
        (1, 2, 3, 5), (False, True), (None, (16, 16)), "<>", (False, True), predictors
    )
    for channels, planar, tile, order, big, predictor in layouts:
        samples = random_samples(dtype, channels)
        data = tiff_files.build(
            samples, photometric=1, order=order, big=big, planar=planar, tile=tile,
            compression=compression, predictor=predictor,
        )  # fmt: skip
        found = decoded(data)
        assert found.dtype == samples.dtype
        np.testing.assert_array_equal(found, samples)


@pytest.mark.parametrize("bits", [*range(1, 8), *range(9, 16), 20, 24, 31])
def test_odd_depths(bits):
    size = 1 if bits <= 8 else 2 if bits <= 16 else 4
    for kind, channels, order in itertools.product("ui", (1, 3), "<>"):
        if kind == "i" and bits == 1:
            continue
        samples = random_samples(f"{kind}{size}", channels, bits=bits)
        for planar, tile, compression in itertools.product(
            (False, True), (None, (16, 16)), ("none", "lzw")
        ):
            data = tiff_files.build(
                samples, photometric=1, bits=bits, order=order, planar=planar, tile=tile,
                compression=compression,
            )  # fmt: skip
            np.testing.assert_array_equal(decoded(data), samples)


@pytest.mark.parametrize("compression", ["none", "lzw", "deflate"])
@pytest.mark.parametrize("bits", [4, 16])
def test_bits_in_reverse_order(compression, bits):
    samples = random_samples("u1" if bits == 4 else "u2", 3, bits=bits)
    data = tiff_files.build(
        samples, photometric=2, bits=bits, compression=compression, reverse_bits=True
    )
    np.testing.assert_array_equal(decoded(data), samples)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["u2", "f2", "f4", "f8", "i2"])
def test_files_by_tifffile(dtype, planar):
    samples = random_samples(dtype, 3)
    for order, tile, compression in itertools.product("<>", (None, (16, 16)), (None, "deflate")):
        stream = io.BytesIO()
        plane_first = np.ascontiguousarray(np.moveaxis(samples, 2, 0))
        tifffile.imwrite(
            stream, samples if planar == "contig" else plane_first, photometric="rgb",
            planarconfig=planar, byteorder=order, tile=tile, compression=compression,
            predictor=compression is not None and dtype[0] != "f", metadata=None,
        )  # fmt: skip
        np.testing.assert_array_equal(decoded(stream.getvalue()), samples)


def test_a_large_strip_and_pillows_limit(monkeypatch):
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 10)
    samples = random_samples("u2", 3)
    data = tiff_files.build(samples, photometric=2, compression="lzw", rows_per_strip=100)
    np.testing.assert_array_equal(decoded(data), samples)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({259: 7}, "16-bit RGB of 3 channels, JPEG"),
        ({259: 34887}, "LERC"),
        ({259: 4242}, "compression 4242"),
        ({259: 5, 317: 77}, "predictor 77"),
        ({259: 5, 317: 3}, "predictor 3"),
    ],
)
def test_what_is_not_decoded(tags, expected):
    data = tiff_files.build(random_samples("u2", 3), photometric=2, tags=tags)
    with pytest.raises(UnsupportedKindError, match=expected) as error:
        decoded(data)
    assert "; save it with" in str(error.value)


@pytest.mark.parametrize(
    "tags",
    [
        {273: [8]},  # too few strips
        {273: [8] * 3, 279: [2**31] * 3, 259: 5},  # no strip of LZW
        {273: [10**6] * 3},  # beyond the end
        {322: 10**6, 323: 10**6, 324: [8], 325: [100]},  # a tile of terabytes
        {322: 0, 323: 16, 324: [8], 325: [100]},
        {278: 13, 259: 8, 273: [8], 279: [100]},  # not deflated
    ],
)
def test_damage(tags):
    data = tiff_files.build(random_samples("u2", 3), photometric=2, tags=tags)
    with pytest.raises((ValueError, OSError, zlib_error())):
        decoded(data)


def zlib_error():
    import zlib

    return zlib.error


def test_a_strip_that_unpacks_to_more_than_it_should():
    import zlib

    samples = random_samples("u2", 1)
    bomb = zlib.compress(samples.tobytes() + bytes(10**7))
    body = tiff_files.header()
    tags = tiff_files.page_tags(body, samples, photometric=1)
    tags |= {259: 8, 278: HEIGHT, 273: [len(body)], 279: [len(bomb)]}
    body += bomb
    data = tiff_files.finish(body, tiff_files.directory(body, tags))
    np.testing.assert_array_equal(decoded(data), samples)
