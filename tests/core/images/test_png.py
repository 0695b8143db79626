"""Keys at full depth and colour chunks, in every depth, interlaced or not."""

import io
import itertools
import struct
import warnings
import zlib

import numpy as np
import PIL.Image
import png
import pytest
from pictures import SWAPPED, close

from nst_core.errors import PictureWarning
from nst_core.images import read, read_decoded

HEIGHT, WIDTH = 9, 11


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.png"


def encoded(samples, *, depth, alpha=False, chunks=(), interlace=False, **more):
    """A PNG of samples (H, W, C) by pypng, with further chunks after IHDR."""
    height, width, channels = samples.shape
    writer = png.Writer(
        width, height, bitdepth=depth, greyscale=channels < 3, alpha=alpha, interlace=interlace,
        **more,
    )  # fmt: skip
    stream = io.BytesIO()
    if interlace:
        writer.write_array(stream, samples.ravel().tolist())
    else:
        writer.write(stream, samples.reshape(height, -1).tolist())
    content = stream.getvalue()
    extra = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return content[:33] + extra + content[33:]


def random_samples(depth, channels):
    rng = np.random.default_rng(depth)
    return rng.integers(0, 2**depth, (HEIGHT, WIDTH, channels))


def levels_of(samples, depth):
    """The 8-bit levels that Pillow and nst make of samples: RGB of 16 bits is cut."""
    if depth == 16:
        return samples >> 8 if samples.shape[2] > 2 else (samples + 128) // 257
    return samples * 255 // (2**depth - 1)


# Keys


@pytest.mark.parametrize("interlace", [False, True])
@pytest.mark.parametrize(("depth", "channels"), [(n, 1) for n in (1, 2, 4, 8, 16)] + [(8, 3)])
def test_every_key(path, depth, channels, interlace):
    samples = random_samples(depth, channels)
    samples[0, 0] = 0
    samples[0, 1] = 2**depth - 1
    for row, column in ((0, 0), (0, 1), (4, 5), (8, 10)):
        key = samples[row, column]
        content = encoded(
            samples, depth=depth, interlace=interlace, transparent=tuple(key) if channels > 1
            else int(key[0]),
        )  # fmt: skip
        path.write_bytes(content)
        found = read_decoded(path)
        is_key = (samples == key).all(axis=2)
        np.testing.assert_array_equal(np.asarray(found.alpha), np.where(is_key, 0, 255))
        expected = np.broadcast_to(levels_of(samples, depth), (HEIGHT, WIDTH, 3)).copy()
        expected[is_key] = 255
        np.testing.assert_array_equal(np.asarray(read(path)), expected)


@pytest.mark.parametrize("interlace", [False, True])
def test_a_key_of_16_bits_is_compared_in_16_bits(path, interlace):
    samples = random_samples(16, 3)
    # The upper bytes are those of the key, the lower are not.
    samples[:4], samples[2, 2] = (0x1234, 0x5678, 0x9ABC), (0x1235, 0x5678, 0x9ABC)
    samples[3, 3], samples[3, 4] = (0x1234, 0x56FF, 0x9ABC), (0x1234, 0x5678, 0x9A00)
    path.write_bytes(
        encoded(samples, depth=16, interlace=interlace, transparent=(0x1234, 0x5678, 0x9ABC))
    )
    expected = np.full((HEIGHT, WIDTH), 255)
    expected[:4] = 0
    expected[[2, 3, 3], [2, 3, 4]] = 255
    found = read_decoded(path)
    np.testing.assert_array_equal(np.asarray(found.alpha), expected)
    pixels = np.asarray(read(path))
    np.testing.assert_array_equal(pixels[expected == 255], (samples >> 8)[expected == 255])
    assert (pixels[expected == 0] == 255).all()


@pytest.mark.parametrize("depth", [8, 16])
def test_a_key_beside_a_profile(path, depth):
    samples = np.zeros((2, 2, 3), int)
    samples[..., 0] = 2**depth - 1
    samples[1] = 0
    profile = b"name\0\0" + zlib.compress(SWAPPED)
    path.write_bytes(
        encoded(samples, depth=depth, transparent=(0, 0, 0), chunks=[(b"iCCP", profile)])
    )
    pixels = np.asarray(read(path))
    assert close(pixels[0, 0], (0, 0, 255), 2)
    assert pixels[1, 1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_only_the_lower_bits_of_a_key_count(path, depth):
    samples = random_samples(depth, 1)
    content = encoded(samples, depth=depth, chunks=[(b"tRNS", struct.pack(">H", 1 + (1 << depth)))])
    path.write_bytes(content)
    alpha = np.asarray(read_decoded(path).alpha)
    np.testing.assert_array_equal(alpha, np.where(samples[..., 0] == 1, 0, 255))


def test_a_palette_s_transparency_stays(path):
    palette = [(10, 20, 30, 0), (40, 50, 60, 128), (70, 80, 90, 255)]
    stream = io.BytesIO()
    png.Writer(3, 1, bitdepth=8, palette=palette).write(stream, [[0, 1, 2]])
    path.write_bytes(stream.getvalue())
    assert np.asarray(read_decoded(path).alpha).tolist() == [[0, 128, 255]]


# Colours


def srgb(light):
    light = np.clip(light, 0, 1)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(curve * 255).astype(int)


def gamma(value):
    return b"gAMA", struct.pack(">I", value)


@pytest.mark.parametrize("interlace", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("value", [100_000, 55_556, 35_000])
def test_gamma_of_every_depth_and_type(path, depth, value, interlace):
    for channels in (1, 2, 3, 4):
        if depth < 8 and channels > 1:
            continue
        alpha = channels in (2, 4)
        samples = random_samples(depth, channels)
        path.write_bytes(
            encoded(samples, depth=depth, alpha=alpha, interlace=interlace, chunks=[gamma(value)])
        )
        colours = samples[..., : channels - alpha] / (2**depth - 1)
        expected = np.broadcast_to(srgb(colours ** (100_000 / value)), (HEIGHT, WIDTH, 3))
        found = read_decoded(path)
        if not alpha:
            np.testing.assert_array_equal(np.asarray(found.picture), expected)
            continue
        opacity = samples[..., -1] >> (depth - 8)
        np.testing.assert_array_equal(np.asarray(found.alpha), opacity)
        mixed = expected * opacity[..., None] / 255 + 255 - opacity[..., None]
        assert np.abs(np.asarray(read(path)) - mixed).max() <= 1


def test_gamma_of_a_palette_and_of_keyed_pictures(path):
    stream = io.BytesIO()
    writer = png.Writer(2, 1, bitdepth=8, palette=[(10, 128, 200, 255), (60, 70, 80, 0)], gamma=1.0)
    writer.write(stream, [[0, 1]])
    path.write_bytes(stream.getvalue())
    expected = srgb(np.array([10, 128, 200]) / 255).tolist()
    assert np.asarray(read(path))[0].tolist() == [expected, [255] * 3]
    for depth, key in itertools.product((8, 16), (0, 1)):
        samples = np.zeros((1, 2, 3), int)
        samples[0, 1] = 2**depth // 2
        path.write_bytes(
            encoded(samples, depth=depth, transparent=tuple(samples[0, key]), chunks=[gamma(10**5)])
        )
        alpha = np.asarray(read_decoded(path).alpha)
        assert alpha.tolist() == [[255 * (key != 0), 255 * (key != 1)]]
        assert np.asarray(read(path))[0, 1 - key, 0] == (188 if key == 0 else 0)
        grey = samples[..., :1]
        path.write_bytes(
            encoded(grey, depth=depth, transparent=int(grey[0, key, 0]), chunks=[gamma(10**5)])
        )
        assert np.asarray(read_decoded(path).alpha).tolist() == alpha.tolist()


def test_dark_colours_of_16_bits_are_not_cut(path):
    samples = np.arange(0, 512).reshape(1, -1, 1).repeat(3, 2)
    path.write_bytes(encoded(samples, depth=16, chunks=[gamma(100_000)]))
    pixels = np.asarray(read(path))
    np.testing.assert_array_equal(pixels, srgb(samples / 65535))
    assert len(np.unique(pixels)) > 15, "in 8 bits there would be 2 levels"


PROFILE = (b"iCCP", b"name\0\0" + zlib.compress(SWAPPED))
LINEAR_CICP = (b"cICP", bytes([1, 8, 0, 1]))


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([], (255, 128, 0)),
        ([gamma(100_000)], (255, 188, 0)),
        ([(b"sRGB", b"\0"), gamma(100_000)], (255, 128, 0)),
        ([gamma(100_000), (b"sRGB", b"\0")], (255, 128, 0)),
        ([PROFILE, gamma(50_000)], (0, 188, 255)),
        ([LINEAR_CICP], (255, 188, 0)),
        ([LINEAR_CICP, PROFILE, (b"sRGB", b"\0"), gamma(45_455)], (255, 188, 0)),
        ([PROFILE, (b"cICP", bytes([1, 13, 0, 1]))], (255, 128, 0)),
        ([(b"cICP", bytes([1, 13, 0, 1])), gamma(100_000)], (255, 128, 0)),
        ([(b"cICP", b"\1"), gamma(100_000)], (255, 188, 0)),
    ],
)
@pytest.mark.parametrize("depth", [8, 16])
def test_which_chunk_counts(path, chunks, expected, depth):
    samples = np.array([[[255, 128, 0]]]) * (257 if depth == 16 else 1)
    path.write_bytes(encoded(samples, depth=depth, chunks=chunks))
    assert close(np.asarray(read(path))[0, 0], expected, 1)


def test_hdr_is_said_and_ignored(path):
    samples = np.array([[[255, 128, 0]]])
    for transfer, name in ((16, "PQ"), (18, "HLG")):
        cicp = (b"cICP", bytes([9, transfer, 0, 1]))
        path.write_bytes(encoded(samples, depth=8, chunks=[cicp]))
        with pytest.warns(PictureWarning, match=rf"HDR \({name}\).*; save the picture as sRGB"):
            assert np.asarray(read(path))[0, 0].tolist() == [255, 128, 0]
        path.write_bytes(encoded(samples, depth=8, chunks=[cicp, PROFILE]))
        with pytest.warns(PictureWarning, match=name):
            assert close(np.asarray(read(path))[0, 0], (0, 188, 255), 1)


def test_without_those_chunks_nothing_changes(path):
    for depth, channels in itertools.product((8, 16), (1, 2, 3, 4)):
        samples = random_samples(depth, channels)
        if channels in (2, 4):
            samples[..., -1] = 2**depth - 1
        path.write_bytes(encoded(samples, depth=depth, alpha=channels in (2, 4)))
        with PIL.Image.open(path) as picture:
            before = np.asarray(
                picture.convert("RGB") if picture.mode != "I;16" else picture
            ).reshape(HEIGHT, WIDTH, -1)
        if depth == 16 and channels == 1:
            before = levels_of(before.astype(int), 16)
        expected = np.broadcast_to(before, (HEIGHT, WIDTH, 3))
        np.testing.assert_array_equal(np.asarray(read(path)), expected)


def test_chunks_that_make_no_sense(path):
    samples = np.array([[[255, 128, 0]]])
    for chunks in (
        [gamma(0)],
        [gamma(45_455), (b"cHRM", bytes(32))],
        [gamma(45_455), (b"cHRM", b"\xff" * 32)],
        [gamma(1)],
        [gamma(2**32 - 1)],
        [(b"cICP", bytes([77, 13, 0, 1]))],
    ):
        path.write_bytes(encoded(samples, depth=8, chunks=chunks))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PictureWarning)
            assert read(path).size == (1, 1)
