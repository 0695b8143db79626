"""Files of every format that lack their end."""

import io
import re
import struct
import warnings
import zlib
from contextlib import suppress

import numpy as np
import PIL.Image
import pytest
import tifffile
from heic_files import heic

from nst_core import demo
from nst_core.errors import PictureError, PictureWarning
from nst_core.images import read, read_decoded
from nst_core.images.opening import CorruptPictureError


def painting():
    with PIL.Image.open(demo.painting()) as picture:
        return picture.convert("RGB").resize((150, 100))


RGB = painting()
PIXELS = np.asarray(RGB)
RGBA = RGB.copy()
RGBA.putalpha(RGB.convert("L"))


def encoded(form, picture=RGB, mode=None, **options):
    stream = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(stream, form, **options)
    return stream.getvalue()


def tiff(pixels=PIXELS, **options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, photometric="rgb", **options)
    return stream.getvalue()


def adam7():
    """An interlaced PNG, which Pillow can't write."""
    rows, stream = [], io.BytesIO()
    for left, top, right, down in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):  # fmt: skip
        rows += [b"\0" + row.tobytes() for row in PIXELS[top::down, left::right]]
    plain = encoded("PNG")
    stream.write(plain[:8])
    header = struct.pack(">2I5B", 150, 100, 8, 2, 0, 0, 1)
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")):
        stream.write(struct.pack(">I", len(body)) + kind + body)
        stream.write(struct.pack(">I", zlib.crc32(kind + body)))
    return stream.getvalue()


def directory_first(data):
    """A TIFF of Pillow's, of one strip or several, with the directory moved before the pixels."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        places = zip(page.dataoffsets, page.databytecounts, strict=True)
        strips = [data[start : start + size] for start, size in places]
        entries = {tag.code: tag.value for tag in page.tags.values()}
    kept = {256: 150, 257: 100, 258: 8, 259: entries[259], 262: 2, 277: 3, 278: entries[278]}
    if 317 in entries:
        kept[317] = entries[317]
    count = len(strips)
    start = 8 + 2 + 12 * (len(kept) + 2) + 4
    first, offsets = start + 8 * count, []
    for strip in strips:
        offsets.append(first)
        first += len(strip)
    directory = {tag: (4, 1, value) for tag, value in kept.items()}
    directory[273] = (4, count, start if count > 1 else offsets[0])
    directory[279] = (4, count, start + 4 * count if count > 1 else len(strips[0]))
    table = b"".join(struct.pack("<HHII", tag, *directory[tag]) for tag in sorted(directory))
    arrays = struct.pack(f"<{2 * count}I", *offsets, *map(len, strips))
    head = b"II*\0" + struct.pack("<IH", 8, len(directory)) + table + bytes(4)
    return head + arrays + b"".join(strips)


FILES = {
    "JPEG": encoded("JPEG"),
    "JPEG 4:4:4": encoded("JPEG", subsampling=0, quality=95),
    "JPEG grey": encoded("JPEG", mode="L"),
    "JPEG CMYK": encoded("JPEG", mode="CMYK"),
    "JPEG restart": encoded("JPEG", restart_marker_rows=1),
    "progressive JPEG": encoded("JPEG", progressive=True),
    "PNG": encoded("PNG"),
    "PNG P": encoded("PNG", mode="P"),
    "PNG 1": encoded("PNG", mode="1"),
    "PNG RGBA": encoded("PNG", RGBA),
    "PNG I;16": encoded("PNG", PIL.Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)),
    "PNG Adam7": adam7(),
    "WebP": encoded("WEBP"),
    "WebP lossless": encoded("WEBP", lossless=True),
    "WebP EXIF": encoded("WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"),
    "WebP alpha": encoded("WEBP", RGBA),
    "GIF": encoded("GIF"),
    "GIF in rows": encoded("GIF", interlace=0),
    "GIF 4 colours": encoded("GIF", RGB.quantize(4)),
    "BMP": encoded("BMP"),
    "BMP P": encoded("BMP", mode="P"),
    "TIFF": encoded("TIFF"),
    "TIFF LZW": directory_first(encoded("TIFF", compression="tiff_lzw")),
    "TIFF PackBits": directory_first(encoded("TIFF", compression="packbits")),
    "TIFF deflate": tiff(compression="zlib", predictor=True),
    "TIFF deflate strips": tiff(compression="zlib", rowsperstrip=9),
    "TIFF strips": tiff(rowsperstrip=7),
    "TIFF big-endian 16": tiff(PIXELS.astype(">u2") * 257, byteorder=">", compression="zlib"),
    "BigTIFF": tiff(bigtiff=True, rowsperstrip=20),
    "TIFF tiles": tiff(compression="zlib", tile=(32, 32)),
    "TIFF planes": tiff(PIXELS.transpose(2, 0, 1).copy(), planarconfig="separate"),
}  # fmt: skip


def read_cut(path, data, missing):
    """Read a file without its last bytes: the pixels and the share in the warning."""
    path.write_bytes(data[: len(data) - missing])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PictureWarning)
        pixels = np.asarray(read(path)).astype(int)
    lines = [str(one.message) for one in caught if one.category is PictureWarning]
    if not lines:
        return pixels, None
    (line,) = lines
    assert re.fullmatch(r".* lacks its end: (no pixel|[\d.]+% of the picture) is.*; get a .*", line)
    assert line.startswith(str(path))
    share = re.search(r"([\d.]+)%", line)
    return pixels, float(share[1]) / 100 if share else 0.0


@pytest.mark.parametrize("name", FILES)
def test_what_is_nearly_whole_is_read_with_a_warning(tmp_path, name):
    path, data = tmp_path / "a", FILES[name]
    path.write_bytes(data)
    whole = np.asarray(read(path)).astype(int)
    # The alpha is most of that file, and its end holds a large part of the colours.
    for missing in (2, len(data) // 50, len(data) // (40 if name == "WebP alpha" else 25)):
        pixels, share = read_cut(path, data, missing)
        assert share is not None or (missing == 2 and "BMP" in name)
        share = share or 0.0
        assert share <= 0.1
        wrong = (np.abs(pixels - whole).max(axis=2) > 4).mean()
        # A plane of a planar TIFF is a third of the samples.
        limit = 3 * share if name == "TIFF planes" else share
        if name == "progressive JPEG":  # whose pixels lack details
            limit = 1 if np.abs(pixels - whole).mean() < 2 else 0
        assert wrong <= limit + 0.01, "all other pixels are right"
        if missing > 2 and name not in ("WebP alpha", "WebP EXIF"):
            assert 0.2 <= share / (missing / len(data)) <= 3
        # What was filled in is like the pixels next to it: neither black nor noise.
        if wrong and "1" not in name:
            assert np.abs(pixels - whole).mean() < 80 * wrong + 1


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_what_lacks_more_than_a_tenth_is_refused(tmp_path, name, share):
    path, data = tmp_path / "a", FILES[name]
    with pytest.raises(PictureError) as error:
        read_cut(path, data, int(share * len(data)))
    text = str(error.value)
    assert re.search(r"\(\d+% of the picture is missing\); get a fresh copy$", text)
    assert "truncated or corrupt" in text


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF"])
def test_only_the_end_mark_is_missing(tmp_path, name):
    path, data = tmp_path / "a", FILES[name]
    path.write_bytes(data)
    whole = np.asarray(read(path)).astype(int)
    for missing in (1, 2) if name == "JPEG" else (1,):
        pixels, share = read_cut(path, data, missing)
        assert share == 0
        np.testing.assert_array_equal(pixels, whole)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "PNG RGBA"])
def test_a_tail_of_zeros_is_a_missing_end(tmp_path, name):
    path, data = tmp_path / "a", FILES[name]
    path.write_bytes(data)
    whole = np.asarray(read(path)).astype(int)
    for missing in (len(data) // 40, len(data) // 20):
        pixels, share = read_cut(path, data[: len(data) - missing] + bytes(missing), 0)
        assert 0.3 < share / (missing / len(data)) < 3
        assert (np.abs(pixels - whole).max(axis=2) > 4).mean() <= share
    with pytest.raises(PictureError, match="of the picture is missing"):
        read_cut(path, data[: len(data) // 2] + bytes(len(data) // 2), 0)


def test_whole_files_are_read_without_a_warning(tmp_path):
    for data in FILES.values():
        assert read_cut(tmp_path / "a", data, 0)[1] is None


def test_later_frames_do_not_count(tmp_path):
    turned = RGB.transpose(PIL.Image.Transpose.ROTATE_180)
    for form in ("GIF", "PNG", "WEBP"):
        data = encoded(form, save_all=True, append_images=[turned], lossless=True)
        (tmp_path / "a").write_bytes(data)
        whole = np.asarray(read(tmp_path / "a")).astype(int)
        missing = len(data) // 12 if form == "WEBP" else len(data) // 3
        pixels, share = read_cut(tmp_path / "a", data, missing)
        assert share == 0
        np.testing.assert_array_equal(pixels, whole)


def test_orientation_and_alpha(tmp_path):
    exif = PIL.Image.Exif()
    exif[274] = 6
    for form in ("PNG", "TIFF"):
        data = encoded(form, RGBA, exif=exif)
        (tmp_path / "a").write_bytes(data[: len(data) * 24 // 25])
        found = read_decoded(tmp_path / "a")
        (line,) = found.notes
        assert " lacks its end: " in line
        assert found.picture.size == found.alpha.size == (100, 150)


def test_limits_hold_for_truncated_files(tmp_path):
    for name in ("PNG", "GIF", "JPEG", "WebP", "TIFF"):
        (tmp_path / "a").write_bytes(FILES[name][:-30])
        with pytest.raises(PictureError, match="are more than 14999"):
            read(tmp_path / "a", max_pixels=14_999)


NOISE = np.random.default_rng(3).normal(0, 12, PIXELS.shape)
GRAINY = PIL.Image.fromarray(np.clip(PIXELS + NOISE, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("form", ["AVIF", "AVIF alpha", "HEIC", "HEIC alpha"])
def test_heic_and_avif_are_read_as_far_as_their_decoders_go(tmp_path, form):
    if "AVIF" in form:
        grainy = RGBA if "alpha" in form else GRAINY
        data = encoded("AVIF", grainy, quality=80)
    else:
        data = heic("alpha" if "alpha" in form else "plain")
    path = tmp_path / "a"
    path.write_bytes(data)
    whole = np.asarray(read(path)).astype(int)
    pixels, share = read_cut(path, data, 1)
    assert share is not None
    assert (np.abs(pixels - whole).max(axis=2) > 8).mean() <= share + 0.02
    # Cut further, it is read in the same way, or refused in one line.
    for missing in (len(data) // 50, len(data) // 20):
        with suppress(CorruptPictureError):
            pixels, share = read_cut(path, data, missing)
            assert (np.abs(pixels - whole).max(axis=2) > 8).mean() <= share + 0.05
    with pytest.raises(CorruptPictureError, match=r"\d\d% of the picture is missing\); get a"):
        read_cut(path, data, len(data) // 3)


def test_the_size_of_a_truncated_avif_is_checked(tmp_path):
    (tmp_path / "a").write_bytes(encoded("AVIF", GRAINY)[:-2])
    with pytest.raises(PictureError, match="are more than 14999"):
        read(tmp_path / "a", max_pixels=14_999)
