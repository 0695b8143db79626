"""TIFF files that Pillow refuses or reads wrongly, through the whole reader."""

import io
import itertools
import warnings

import numpy as np
import PIL.Image
import pytest
import tiff_files
from pictures import GREENISH, SWAPPED, close, cmyk_profile, refused
from PIL import TiffImagePlugin

from nst_core.errors import PictureError, PictureWarning
from nst_core.images import read, read_decoded
from nst_core.images.to_srgb import srgb_profile

pytestmark = pytest.mark.filterwarnings("ignore:.* floating-point values have no colour profile")

GREY_WHITE_IS_0, GREY, RGB, CMYK = 0, 1, 2, 5
HEIGHT, WIDTH = 12, 20


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.tif"


def chart(channels, dtype="u1", *, top=None):
    """Every channel another ramp of 8-bit levels, scaled to ``top``; the levels too."""
    levels = np.arange(HEIGHT * WIDTH * channels).reshape(HEIGHT, WIDTH, channels) * 37 % 256
    levels[0, 0], levels[0, 1] = 0, 255
    if top is None:
        top = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    if isinstance(top, float) or np.dtype(dtype).kind == "f":
        return (levels / 255 * top).astype(dtype), levels
    if top < 255:
        levels = levels * top // 255
        return levels.astype(dtype), np.rint(levels / top * 255).astype(int)
    exact = [[[round(int(v) * top / 255) for v in pixel] for pixel in row] for row in levels]
    return np.array(exact, dtype), levels


def as_rgb(levels, photometric):
    """What levels of grey, RGB or CMYK look like without a profile."""
    if photometric == CMYK:
        return np.asarray(PIL.Image.fromarray(levels.astype(np.uint8), "CMYK").convert("RGB"))
    levels = 255 - levels if photometric == GREY_WHITE_IS_0 else levels
    return np.broadcast_to(levels, (*levels.shape[:2], 3)).astype(np.uint8)


COLOURS = {GREY_WHITE_IS_0: 1, GREY: 1, RGB: 3, CMYK: 4}


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"])
@pytest.mark.parametrize("photometric", [GREY_WHITE_IS_0, GREY, RGB, CMYK])
@pytest.mark.parametrize("extra", [None, 0, 2], ids=["opaque", "unspecified", "alpha"])
def test_every_kind(path, dtype, photometric, extra):
    count = COLOURS[photometric]
    samples, levels = chart(count + (extra is not None), dtype)
    expected, alpha = as_rgb(levels[..., :count], photometric), levels[..., count:]
    tags = {} if extra is None else {338: [extra]}
    layouts = itertools.product((False, True), "<>", (None, (16, 16)), ("none", "lzw", "deflate"))
    for planar, order, tile, compression in layouts:
        content = tiff_files.build(
            samples, photometric=photometric, planar=planar, order=order, tile=tile,
            compression=compression, tags=tags,
        )  # fmt: skip
        path.write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PictureWarning)
            found = read_decoded(path)
        if extra == 2:
            np.testing.assert_array_equal(np.asarray(found.alpha), alpha[..., 0])
            visible = alpha[..., 0] == 255
            pixels = np.asarray(read(path))
            np.testing.assert_array_equal(pixels[visible], expected[visible])
            assert (pixels[alpha[..., 0] == 0] == 255).all()
        else:
            assert found.alpha is None
            np.testing.assert_array_equal(np.asarray(found.picture), expected)


@pytest.mark.parametrize("compression", ["none", "lzw", "deflate", "packbits"])
@pytest.mark.parametrize("channels", [3, 4])
def test_planes_are_read_as_pixels_are(path, compression, channels):
    samples = np.random.default_rng(0).integers(0, 65536, (40, 30, channels), dtype=np.uint16)
    pictures = []
    for planar in (False, True):
        tags = {338: [2]} if channels == 4 else {}
        path.write_bytes(
            tiff_files.build(
                samples, photometric=RGB, planar=planar, compression=compression, tags=tags
            )
        )
        found = read_decoded(path)
        pictures.append((np.asarray(found.picture), found.alpha and np.asarray(found.alpha)))
    np.testing.assert_array_equal(*(picture for picture, _ in pictures))
    if channels == 4:
        np.testing.assert_array_equal(*(alpha for _, alpha in pictures))


@pytest.mark.parametrize("bits", [1, 2, 4, 10, 12, 14])
def test_odd_depths(path, bits):
    top = 2**bits - 1
    for photometric, channels in ((RGB, 3), (RGB, 4), (GREY, 1), (GREY, 2)):
        rng = np.random.default_rng(bits)
        samples = rng.integers(0, top + 1, (6, 9, channels), dtype="u1" if bits <= 8 else "u2")
        samples[..., 3 if channels == 4 else 1 :] = top  # opaque
        for order in "<>":
            tags = {338: [2]} if channels in (2, 4) else {}
            path.write_bytes(
                tiff_files.build(
                    samples, photometric=photometric, bits=bits, order=order, tags=tags
                )
            )
            levels = np.rint(samples[..., : COLOURS[photometric]] / top * 255)
            np.testing.assert_array_equal(np.asarray(read(path)), as_rgb(levels, photometric))


@pytest.mark.parametrize("dtype", ["u2", "f4"])
def test_premultiplied_alpha(path, dtype):
    for photometric, count in ((RGB, 3), (GREY, 1)):
        samples, levels = chart(count + 1, "f8")
        samples[..., :count] *= samples[..., count:]
        if dtype == "u2":
            samples = np.rint(samples * 65535)
        content = tiff_files.build(
            samples.astype(dtype), photometric=photometric, planar=True, tags={338: [1]}
        )
        path.write_bytes(content)
        found = read_decoded(path)
        over_white = levels[..., :count] * (levels[..., count:] / 255) + 255 - levels[..., count:]
        assert np.abs(np.asarray(read(path)) - over_white).max() < 1.6
        np.testing.assert_array_equal(np.asarray(found.alpha), levels[..., count])


def test_cmyk_with_alpha_by_its_profile(path):
    samples = np.zeros((4, 4, 5), "u1")
    samples[..., 0], samples[:2, :, 4] = 255, 255
    for extra, dtype in itertools.product((1, 2), ("u1", "u2")):
        values = samples.astype(dtype) * (257 if dtype == "u2" else 1)
        if extra == 1:
            values[2:, :, :4] = 0
        tags = {338: [extra], 332: 1, 34675: cmyk_profile()}
        path.write_bytes(tiff_files.build(values, photometric=CMYK, tags=tags))
        pixels = np.asarray(read(path))
        assert close(pixels[0, 0], GREENISH, 2)
        assert pixels[3, 3].tolist() == [255, 255, 255]


@pytest.mark.parametrize("dtype", ["f4", "u2", "i2"])
def test_the_profile_applies(path, dtype):
    samples, _ = chart(3, dtype)
    path.write_bytes(tiff_files.build(samples, photometric=RGB, planar=True, tags={34675: SWAPPED}))
    assert np.asarray(read(path))[0, 1].tolist() == [255, 255, 255]
    samples[...] = 0
    samples[..., 0] = 1 if dtype == "f4" else np.iinfo(dtype).max
    path.write_bytes(tiff_files.build(samples, photometric=RGB, planar=True, tags={34675: SWAPPED}))
    assert close(np.asarray(read(path))[0, 0], (0, 0, 255), 2)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_orientation_and_exif_tags(path, order, big):
    samples, levels = chart(3, "f4")
    tags = {274: 6, 271: b"Maker\0", 33432: b"Me\0"}
    path.write_bytes(tiff_files.build(samples, photometric=RGB, order=order, big=big, tags=tags))
    found = read_decoded(path)
    np.testing.assert_array_equal(np.asarray(found.picture), np.rot90(levels, -1))
    assert set(found.exif.ifd0) == {271, 33432}


@pytest.mark.parametrize(
    ("dtype", "top", "says"),
    [
        ("f4", 255.0, "taken as 0...255"),
        ("f4", 65535.0, "taken as 0...65535"),
        ("u4", 65535, "its 32-bit values reach only 65535"),
        ("i4", 65535, "its 32-bit values reach only 65535"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_an_assumed_range_is_said(path, dtype, top, says, channels):
    samples, levels = chart(channels, dtype, top=top)
    path.write_bytes(tiff_files.build(samples, photometric=GREY if channels == 1 else RGB))
    with pytest.warns(PictureWarning, match=says) as found:
        pixels = np.asarray(read(path))
    assert str(found[0].message).startswith(f"{path}: ")
    np.testing.assert_array_equal(pixels, as_rgb(levels, GREY if channels == 1 else RGB))


def test_channels_that_are_left_out_are_said(path):
    samples, levels = chart(6, "u2")
    path.write_bytes(tiff_files.build(samples, photometric=RGB, tags={338: [0, 0, 0]}))
    with pytest.warns(PictureWarning, match="neither colours nor alpha"):
        pixels = np.asarray(read(path))
    np.testing.assert_array_equal(pixels, levels[..., :3])


def test_alpha_without_the_tag(path):
    samples, levels = chart(4, "f4")
    path.write_bytes(tiff_files.build(samples, photometric=RGB))
    np.testing.assert_array_equal(np.asarray(read_decoded(path).alpha), levels[..., 3])


@pytest.mark.parametrize(
    ("photometric", "channels", "tags", "says"),
    [
        (RGB, 3, {339: [6, 6, 6], 258: [64, 64, 64]}, "64-bit complex floating-point RGB of 3"),
        (GREY, 1, {339: 5}, "16-bit complex integer grey"),
        (RGB, 3, {258: [5, 6, 5]}, "channels differ in kind (5, 6, 5 bits)"),
        (RGB, 3, {339: [1, 1, 3]}, "channels differ in kind"),
        (RGB, 2, {}, "16-bit RGB of 2 channels"),
        (CMYK, 4, {332: 2}, "16-bit CMYK of 4 channels"),
        (CMYK, 3, {}, "16-bit CMYK of 3 channels"),
        (3, 1, {}, "16-bit palette"),
        (6, 3, {}, "16-bit YCbCr of 3 channels"),
        (8, 3, {}, "16-bit CIELab of 3 channels"),
        (RGB, 3, {339: [3, 3, 3], 258: [24, 24, 24]}, "24-bit floating-point RGB"),
        (RGB, 3, {339: [3, 3, 3], 259: 34887}, "LERC"),
        (RGB, 30, {}, "16-bit RGB of 30 channels"),
    ],
)
def test_what_is_not_read_says_what_it_is(path, photometric, channels, tags, says):
    samples, _ = chart(channels, "u2")
    path.write_bytes(tiff_files.build(samples, photometric=photometric, planar=True, tags=tags))
    text = refused(lambda: read(path), path)
    assert says in text
    assert "corrupt" not in text
    assert "; save it" in text


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_numbers(path, value):
    samples, _ = chart(3, "f4")
    samples[3, 4, 1] = value
    path.write_bytes(tiff_files.build(samples, photometric=RGB))
    assert "NaN or infinite values; replace them" in refused(lambda: read(path), path)


def test_max_pixels_before_decoding(path, monkeypatch):
    samples, _ = chart(3, "f4")
    path.write_bytes(tiff_files.build(samples, photometric=RGB))
    assert read(path, max_pixels=240).size == (20, 12)
    path.write_bytes(tiff_files.build(samples, photometric=RGB, tags={256: 10**6, 257: 10**6}))
    monkeypatch.setattr("nst_core.images.tiff_samples.decode", None)
    text = refused(lambda: read(path), path)
    assert "1000000 x 1000000 pixels are more than" in text
    assert text.endswith("raise the limit by --max-pixels 1000000000000")


def test_too_little_memory(path, monkeypatch):
    def fail(*_):
        raise MemoryError

    samples, _ = chart(3, "f4")
    path.write_bytes(tiff_files.build(samples, photometric=RGB))
    monkeypatch.setattr("nst_core.images.tiff_samples.decode", fail)
    assert "not enough memory to decode it; use a smaller" in refused(lambda: read(path), path)


@pytest.mark.parametrize("compression", ["none", "lzw", "deflate"])
@pytest.mark.parametrize(("dtype", "planar"), [("f4", False), ("u2", True)])
def test_damage_anywhere_is_one_line(path, compression, dtype, planar):
    samples, _ = chart(3, dtype)
    content = tiff_files.build(
        samples, photometric=RGB, planar=planar, compression=compression, tags={274: 6}
    )
    rng, messages = np.random.default_rng(2), []
    directory = len(content) - 14 * 12
    for trial in range(200):
        damaged = bytearray(content)
        if trial < 40:
            damaged = damaged[: 12 + trial * len(content) // 50]
        else:
            first = directory if trial < 150 else 8
            for position in rng.integers(first, len(content), 3):
                damaged[position] = rng.integers(0, 256)
        path.write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PictureWarning)
            try:
                read(path, max_pixels=100_000)
            except PictureError as error:
                messages.append(str(error))
    assert len(messages) > 40
    assert all(text.startswith(f"can't read {path}: ") for text in messages)
    assert not any("\n" in text for text in messages)


def test_what_pillow_reads_rightly_is_left_to_it(path, monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr("nst_core.images.tiff.DeepTiff.__init__", refuse)
    for dtype, channels, photometric in itertools.product(
        ("u1", "u2"), (1, 3, 4), (GREY_WHITE_IS_0, GREY, RGB, CMYK)
    ):
        if COLOURS[photometric] == channels:
            samples, levels = chart(channels, dtype)
            path.write_bytes(tiff_files.build(samples, photometric=photometric))
            np.testing.assert_array_equal(np.asarray(read(path)), as_rgb(levels, photometric))


def test_pillow_still_mixes_up_the_planes():
    """If this fails, Pillow does it right, and ``_pillow_is_wrong`` may be shorter."""
    samples, levels = chart(3, "u2")
    content = tiff_files.build(samples, photometric=RGB, planar=True)
    picture = TiffImagePlugin.TiffImageFile(io.BytesIO(content))
    assert (np.asarray(picture) != levels).any()


@pytest.mark.parametrize("channels", [1, 3])
def test_floating_point_without_a_profile_is_said_to_be_taken_as_srgb(path, channels):
    samples, levels = chart(channels, "f4")
    photometric = GREY if channels == 1 else RGB
    path.write_bytes(tiff_files.build(samples, photometric=photometric))
    (line,) = read_decoded(path).notes
    assert line == (
        f"{path}: its floating-point values have no colour profile: taken as sRGB, not as linear "
        "light"
    )
    if channels == 3:
        tags = {34675: list(srgb_profile())}
        path.write_bytes(tiff_files.build(samples, photometric=photometric, tags=tags))
        assert read_decoded(path).notes == ()
        found = np.asarray(read(path)).astype(int)
        assert np.abs(found - levels).max() <= 1
