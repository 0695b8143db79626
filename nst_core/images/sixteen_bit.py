"""Encoding pictures of 16 bits per channel, which Pillow can't write.

TIFF is written by tifffile. PNG is written by our own code, because no library is suitable: pypng
writes no colour profile, no EXIF data and no line filters; OpenCV and imagecodecs have tens of
megabytes. A PNG file is only a few chunks around the output of zlib. The tests read it by pypng.
"""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

Samples = NDArray[np.uint16]
"""(H, W, 3) RGB, or (H, W, 4) RGB and alpha, 0...65535."""

_INCH = 0.0254  # metres
_ASCII, _LONG, _RATIONAL = 2, 4, 5


def png(
    pixels: Samples, *, profile: bytes, exif: PIL.Image.Exif | None, dpi: float | None
) -> bytes:
    """Return a PNG file of 16 bits per channel (PNG specification, third edition, 2025).

    Args:
        pixels: (H, W, 3) or (H, W, 4).
        profile: The ICC profile.
        exif: EXIF data; None for none.
        dpi: Dots per inch; None for no entry.
    """
    height, width, channels = pixels.shape
    colour_type = {3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        (b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile, 9)),
    ]
    if exif is not None:
        chunks.append((b"eXIf", exif.tobytes(8).removeprefix(b"Exif\0\0")))
    if dpi is not None:
        dots_per_metre = round(dpi / _INCH)
        chunks.append((b"pHYs", struct.pack(">IIB", dots_per_metre, dots_per_metre, 1)))
    chunks += [(b"IDAT", zlib.compress(_filtered_rows(pixels), 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _filtered_rows(pixels: Samples) -> bytes:
    """Return the rows, each filtered by Sub or Up, with the filter type before each row.

    The filter of a row is the one with the smaller sum of absolute differences, which is the
    heuristic of the specification (section 12.7). Filters work on bytes: from each byte, the same
    byte of the sample to the left (Sub) or above (Up) is subtracted.
    """
    height, width, channels = pixels.shape
    step = 2 * channels
    rows = pixels.astype(">u2").reshape(height, -1).view(np.uint8).reshape(height, width * step)
    left = np.zeros_like(rows)
    left[:, step:] = rows[:, :-step]
    above = np.zeros_like(rows)
    above[1:] = rows[:-1]
    sub, up = rows - left, rows - above
    cost_sub, cost_up = (
        np.abs(differences.view(np.int8).astype(np.int16)).sum(axis=1) for differences in (sub, up)
    )
    takes_sub = (cost_sub <= cost_up)[:, None]
    filter_types = np.where(takes_sub, np.uint8(1), np.uint8(2))
    return np.hstack([filter_types, np.where(takes_sub, sub, up)]).tobytes()


def tiff(
    pixels: Samples, *, profile: bytes, exif: PIL.Image.Exif | None, dpi: float | None
) -> bytes:
    """Return a TIFF file of 16 bits per channel, compressed by deflate.

    Args:
        pixels: (H, W, 3) or (H, W, 4); alpha is not premultiplied.
        profile: The ICC profile.
        exif: Tags to write into the file's directory; None for none.
        dpi: Dots per inch; None for no entry.
    """
    import tifffile  # noqa: PLC0415  # takes 0.1 s, and pictures of 8 bits don't need it

    stream = io.BytesIO()
    tifffile.imwrite(
        stream,
        pixels,
        photometric="rgb",
        extrasamples=["unassalpha"] if pixels.shape[2] == 4 else None,
        compression="adobe_deflate",
        predictor=True,
        iccprofile=profile,
        metadata=None,
        software=False,
        resolution=None if dpi is None else (dpi, dpi),
        # tifffile always writes a resolution, 1 by default. Without a unit, 1 by 1 means square
        # pixels; with the unit inch it would mean one pixel per inch.
        resolutionunit="none" if dpi is None else "inch",
        extratags=[] if exif is None else [_tag(tag, value) for tag, value in exif.items()],
    )
    return stream.getvalue()


def _tag(tag: int, value: Any) -> tuple[int, int, int, Any, bool]:
    """Return a tag in tifffile's form: number, type, count, value, only on the first page."""
    if isinstance(value, bytes | str):
        data = value.encode("utf-8") if isinstance(value, str) else value
        return tag, _ASCII, len(data) + 1, data + b"\0", True
    if isinstance(value, int):
        return tag, _LONG, 1, value, True
    ratio = Fraction(float(value)).limit_denominator(10**6)
    return tag, _RATIONAL, 1, (ratio.numerator, ratio.denominator), True
