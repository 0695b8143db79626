"""Reading pictures: modes, profiles, orientation, limits, and every way to fail."""

import io
import os
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from pictures import (
    GREENISH,
    OVER_WHITE,
    RGB,
    SWAPPED,
    close,
    cmyk_profile,
    keyed,
    new,
    palette,
    pixel,
    rgb_profile,
)
from PIL import ImageCms

from nst_core.errors import PictureError
from nst_core.images import MAX_PIXELS, read
from nst_core.images.to_srgb import to_srgb

pytestmark = pytest.mark.filterwarnings("ignore:.* floating-point values have no colour profile")

FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "BMP"]


def refused(path, **options):
    with pytest.raises(PictureError) as error:
        read(path, **options)
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith(f"can't read {path}: ")
    assert ";" in text, "it says what to do"
    return text


# Modes


@pytest.mark.parametrize(
    ("form", "picture"),
    [
        *((form, new("RGB", RGB)) for form in ("PNG", "TIFF", "BMP")),
        *((form, new("L", 100)) for form in ("PNG", "TIFF", "BMP")),
        *((form, new("1", 1)) for form in ("PNG", "TIFF", "BMP")),
        *((form, palette()) for form in ("PNG", "TIFF", "BMP")),
        *((form, new("RGBA", (*RGB, 128))) for form in ("PNG", "TIFF")),
        *((form, new("LA", (100, 128))) for form in ("PNG", "TIFF")),
        *((form, new("I;16", 128 * 257)) for form in ("PNG", "TIFF")),
        ("PNG", palette(alpha=128)),
        ("PNG", palette(key=1)),
        ("PNG", keyed("RGB", RGB, RGB)),
        ("PNG", keyed("I;16", 5000, 5000)),
        ("TIFF", new("I;16B", 128 * 257)),
        ("TIFF", new("I", 2**30)),
        ("TIFF", new("F", 0.25)),
        ("TIFF", new("CMYK", (0, 255, 255, 0))),
        ("TIFF", new("LAB", (138, 209, 198))),
    ],
    ids=lambda value: value.mode if isinstance(value, PIL.Image.Image) else value,
)
def test_modes_in_files(tmp_path, form, picture):
    path = tmp_path / "a"
    options = {key: value for key, value in picture.info.items() if key == "transparency"}
    picture.save(path, format=form, **options)
    np.testing.assert_array_equal(np.asarray(read(path)), np.asarray(to_srgb(picture)))


@pytest.mark.parametrize(
    ("form", "picture", "expected"),
    [
        ("JPEG", new("RGB", RGB), RGB),
        ("JPEG", new("L", 100), (100,) * 3),
        ("JPEG", new("CMYK", (0, 255, 255, 0)), (255, 0, 0)),
        ("WEBP", new("RGB", RGB), RGB),
        ("WEBP", new("RGBA", (*RGB, 128)), OVER_WHITE),
        ("TIFF", new("RGB", RGB).convert("YCbCr"), RGB),
    ],
)
def test_modes_in_lossy_files(tmp_path, form, picture, expected):
    path = tmp_path / "a"
    # Plain YCbCr is something that Pillow 10.3 can't read back from its own TIFF.
    options = {"compression": "tiff_lzw"} if form == "TIFF" else {"quality": 100}
    picture.save(path, format=form, **options)
    assert close(pixel(read(path)), expected, 4)


def tiff(*, bits, photometric, data):
    """A TIFF of one row of grey, as Pillow can't write it."""
    width = 8 * len(data) // bits
    entries = [(256, width), (257, 1), (258, bits), (259, 1), (262, photometric)]
    entries += [(273, 8), (277, 1), (278, 1), (279, len(data))]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    start = b"II*\0" + struct.pack("<I", 8 + len(data))
    return start + data + struct.pack("<H", len(entries)) + directory + bytes(4)


def test_deep_grey_that_only_tiff_has(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(bits=12, photometric=1, data=bytes([0xFF, 0xF8, 0x00])))
    assert np.asarray(read(path))[0, :, 0].tolist() == [255, 128]
    white_is_zero = struct.pack("<2H", 0, 128 * 257)
    path.write_bytes(tiff(bits=16, photometric=0, data=white_is_zero))
    assert np.asarray(read(path))[0, :, 0].tolist() == [255, 127]
    unsigned = struct.pack("<4I", 0, 2**30, 2**31, 2**32 - 1)
    path.write_bytes(tiff(bits=32, photometric=1, data=unsigned))
    assert np.asarray(read(path))[0, :, 0].tolist() == [0, 64, 128, 255]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_deep_grey_that_is_no_number(tmp_path, value):
    path = tmp_path / "a.tif"
    new("F", value).save(path)
    assert "NaN" in refused(path)


def test_first_frame_and_content_before_ending(tmp_path):
    path = tmp_path / "a.png"
    frames = [new("RGB", RGB), new("RGB", "black")]
    for form in ("PNG", "WEBP", "TIFF", "MPO"):
        options = {"quality": 100} if form in ("WEBP", "MPO") else {}
        frames[0].save(path, format=form, save_all=True, append_images=frames[1:], **options)
        assert close(pixel(read(path)), RGB, 4)


def test_the_result_does_not_need_the_file(tmp_path):
    path = tmp_path / "a.png"
    new("RGB", RGB).save(path)
    picture = read(str(path))
    path.unlink()
    assert type(picture) is PIL.Image.Image
    assert pixel(picture.copy()) == RGB


# Orientation


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, ["abc", "def"]),
        (2, ["cba", "fed"]),
        (3, ["fed", "cba"]),
        (4, ["def", "abc"]),
        (5, ["ad", "be", "cf"]),
        (6, ["da", "eb", "fc"]),
        (7, ["fc", "eb", "da"]),
        (8, ["cf", "be", "ad"]),
        (0, ["abc", "def"]),
        (9, ["abc", "def"]),
    ],
)
def test_exif_orientation(tmp_path, form, orientation, upright):
    grey = dict(zip("abcdef", (0, 50, 100, 150, 200, 250), strict=True))

    def blocks(rows):
        levels = np.array([[grey[letter] for letter in row] for row in rows], dtype=np.uint8)
        return levels.repeat(16, axis=0).repeat(16, axis=1)

    exif = PIL.Image.Exif()
    exif[274] = orientation
    path = tmp_path / "a"
    PIL.Image.fromarray(blocks(["abc", "def"])).convert("RGB").save(path, format=form, exif=exif)
    picture = np.asarray(read(path))
    assert picture.shape == (*blocks(upright).shape, 3)
    assert np.abs(picture[..., 1].astype(int) - blocks(upright)).max() <= 8


def test_orientation_of_a_deep_grey_picture(tmp_path):
    exif = PIL.Image.Exif()
    exif[274] = 6
    path = tmp_path / "a.png"
    PIL.Image.fromarray(np.array([[0, 65535, 0]], dtype=np.uint16)).save(path, exif=exif)
    assert np.asarray(read(path))[..., 0].tolist() == [[0], [255], [0]]


def test_damaged_exif_is_ignored(tmp_path):
    path = tmp_path / "a.png"
    new("RGB", RGB).save(path, exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    assert pixel(read(path)) == RGB


# Colour profiles


@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG", "WEBP"])
@pytest.mark.parametrize(
    ("profile", "colour", "expected"),
    [
        (rgb_profile(), (128, 128, 128), (188, 188, 188)),
        (rgb_profile(), (255, 0, 0), (255, 0, 0)),
        (SWAPPED, (255, 0, 0), (0, 0, 255)),
        (SWAPPED, (0, 128, 255), (255, 188, 0)),
    ],
)
def test_rgb_profiles(tmp_path, form, profile, colour, expected):
    path = tmp_path / "a"
    options = {"quality": 100, "subsampling": 0} if form == "JPEG" else {"lossless": True}
    new("RGB", colour).save(path, format=form, icc_profile=profile, **options)
    picture = read(path)
    # Near black, a linear curve turns the JPEG's error of one step into many.
    assert close(pixel(picture), expected, 14 if form == "JPEG" else 2)


def test_srgb_profile_changes_nothing(tmp_path):
    path = tmp_path / "a.png"
    pixels = np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    PIL.Image.fromarray(pixels).save(path, icc_profile=profile)
    np.testing.assert_array_equal(np.asarray(read(path)), pixels)


def test_cmyk_jpeg_with_profile(tmp_path):
    path = tmp_path / "a.jpg"
    new("CMYK", (255, 0, 0, 0)).save(path, icc_profile=cmyk_profile())
    assert close(pixel(read(path)), GREENISH, 2)


# Limits


def saved(path, form, size=(10, 6)):
    PIL.Image.new("RGB", size, RGB).save(path, format=form)
    return path


def png_header(width, height):
    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))


@pytest.mark.parametrize("form", FORMATS)
def test_max_pixels(tmp_path, form):
    path = saved(tmp_path / "a", form)
    assert read(path, max_pixels=60).size == (10, 6)
    text = refused(path, max_pixels=59)
    assert "10 x 6 pixels are more than 59" in text
    assert text.endswith("raise the limit by --max-pixels 60")


def test_a_bomb_is_refused_by_its_header(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png_header(50_000, 40_000))
    text = refused(path)
    assert "50000 x 40000 pixels are more than 178956970" in text
    assert "--max-pixels 2000000000" in text
    assert MAX_PIXELS == 2 * PIL.Image.MAX_IMAGE_PIXELS == 178_956_970


@pytest.mark.parametrize("form", FORMATS)
def test_pillows_own_limit_plays_no_part(tmp_path, monkeypatch, form):
    exif = PIL.Image.Exif()
    exif[274] = 6
    path = tmp_path / "a"
    PIL.Image.new("RGB", (10, 6), RGB).save(path, format=form, exif=exif)
    # From one to two times the limit Pillow warns, beyond it raises an error of its own, which
    # for WebP there is no way round.
    for limit in (40,) if form == "WEBP" else (40, 10):
        monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", limit)
        assert read(path).size == ((10, 6) if form == "BMP" else (6, 10))
        assert limit == PIL.Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("compression", [None, "tiff_adobe_deflate", "tiff_lzw", "jpeg"])
def test_pillows_own_limit_and_compressed_tiff(tmp_path, monkeypatch, compression):
    path = tmp_path / "a.tif"
    PIL.Image.new("RGB", (10, 6), RGB).save(path, compression=compression)
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 10)
    assert close(pixel(read(path)), RGB, 4)


# Failures


def test_no_such_file(tmp_path):
    text = refused(tmp_path / "a.png")
    assert text == f"can't read {tmp_path / 'a.png'}: no such file; check the path"
    (tmp_path / "file").write_text("x")
    assert "no such file" in refused(tmp_path / "file" / "a.png")
    with pytest.raises(PictureError, match="no such file"):
        read(f"{tmp_path}/a\0.png")


def test_directory(tmp_path):
    assert "it is a directory" in refused(tmp_path)


def test_symbolic_links(tmp_path):
    loop, link = tmp_path / "loop.png", tmp_path / "link.png"
    loop.symlink_to(loop)
    refused(loop)
    link.symlink_to(saved(tmp_path / "a.png", "PNG"))
    assert pixel(read(link)) == RGB


def test_empty(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"")
    assert "the file is empty" in refused(path)


@pytest.mark.parametrize("content", [b"x", b"hello, world, this is text", b"RIFF\4\0\0\0WAVEfmt "])
def test_not_a_picture(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert "not a JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC, AVIF or JPEG XL picture" in refused(path)


@pytest.mark.parametrize("form", ["PPM", "ICO", "PDF", "TGA"])
def test_other_formats(tmp_path, form):
    path = saved(tmp_path / "a.png", form)
    assert "not a JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC, AVIF or JPEG XL picture" in refused(path)


def test_no_permission():
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        path = saved(Path(name) / "a.png", "PNG")
        path.chmod(0)
        hidden = Path(name) / "hidden"
        hidden.mkdir(mode=0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # nobody; root may read anything
        try:
            assert "no permission" in refused(path)
            assert "no permission" in refused(hidden / "a.png")
        finally:
            os.seteuid(user)
            hidden.chmod(0o700)


def noise(form, **options):
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    stream = io.BytesIO()
    PIL.Image.fromarray(pixels).save(stream, format=form, **options)
    return stream.getvalue()


@pytest.mark.parametrize("form", FORMATS)
def test_truncated(tmp_path, form):
    path = tmp_path / "a"
    content = noise(form)
    path.write_bytes(content[: len(content) // 2])
    text = refused(path)
    assert f"truncated or corrupt {form}" in text
    assert text.endswith("; get a fresh copy")


@pytest.mark.filterwarnings("ignore::nst_core.errors.PictureWarning")
@pytest.mark.parametrize("compression", [None, "tiff_adobe_deflate", "tiff_lzw"])
@pytest.mark.parametrize("form", FORMATS)
def test_damage_anywhere_raises_nothing_else(tmp_path, form, compression):
    options = {"compression": compression} if form == "TIFF" else {}
    exif = PIL.Image.Exif()
    exif[274] = 6
    content = noise(form, exif=exif, icc_profile=SWAPPED, **options)
    path, rng, messages = tmp_path / "a", np.random.default_rng(2), []
    for trial in range(150):
        damaged = bytearray(content)
        if trial < 50:
            damaged = damaged[: 12 + trial * len(content) // 60]
        else:
            # The header, where damage does most, more often than the pixels.
            span = 200 if trial < 120 else len(content)
            for position in rng.integers(8, min(span, len(content)), 3):
                damaged[position] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            read(path, max_pixels=100_000)
        except PictureError as error:
            messages.append(str(error))
    assert len(messages) > 40
    assert all(text.startswith(f"can't read {path}: ") for text in messages)
    assert not any("\n" in text for text in messages)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (MemoryError(), "not enough memory to decode it; use a smaller picture"),
        (
            PIL.Image.DecompressionBombError("too many"),
            "more pixels than Pillow decodes from PNG; convert it to PNG or make it smaller",
        ),
        (struct.error("bad\nbytes"), "truncated or corrupt PNG (bad bytes); get a fresh copy"),
        (SyntaxError("broken"), "truncated or corrupt PNG (broken); get a fresh copy"),
        (KeyError(), "truncated or corrupt PNG (KeyError); get a fresh copy"),
    ],
)
def test_errors_of_any_kind(tmp_path, monkeypatch, failure, expected):
    path = saved(tmp_path / "a.png", "PNG")

    def fail(_):
        raise failure

    monkeypatch.setattr("nst_core.images.decoding._load", fail)
    assert refused(path) == f"can't read {path}: {expected}"


def test_interrupting_is_no_failure(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", "PNG")

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("nst_core.images.decoding._load", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read(path)


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "PNG", "TIFF"])
def test_an_orientation_in_xmp_alone_is_ignored(tmp_path, form):
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    picture, options = PIL.Image.new("RGB", (9, 5), "teal"), {"xmp": xmp}
    if form == "PNG":
        text = PIL.PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options = {"pnginfo": text}
    elif form == "TIFF":
        options = {"tiffinfo": {700: xmp}}
    path = tmp_path / "a"
    picture.save(path, form, **options)
    with PIL.Image.open(path) as file:
        assert b"Orientation" in (file.info.get("xmp") or file.info["XML:com.adobe.xmp"].encode())
    assert read(path).size == (9, 5)
    exif = PIL.Image.Exif()
    exif[274] = 6
    if form != "TIFF":
        picture.save(path, form, exif=exif, **options)
        assert read(path).size == (5, 9)
