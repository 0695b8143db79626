"""Pictures of 16 bits per channel, which Pillow doesn't write: PNG by hand, TIFF by tifffile.

A PNG is a handful of chunks around zlib's output. The libraries that write it in 16 bits leave
out the colour profile, the EXIF data and the line filters (pypng), or weigh tens of megabytes
(OpenCV, imagecodecs); so it is written here, and read back by pypng in the tests.
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
"""(H, W, 3) RGB or (H, W, 4) RGB with alpha, 0...65535."""

_INCH = 0.0254  # metres
_ASCII, _LONG, _RATIONAL = 2, 4, 5


def png(
    pixels: Samples, *, profile: bytes, exif: PIL.Image.Exif | None, dpi: float | None
) -> bytes:
    """Return a PNG file of 16 bits per channel (PNG specification, third edition, 2025)."""
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
        metre = round(dpi / _INCH)
        chunks.append((b"pHYs", struct.pack(">IIB", metre, metre, 1)))
    chunks += [(b"IDAT", zlib.compress(_filtered(pixels), 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _filtered(pixels: Samples) -> bytes:
    """Return the rows, each filtered by Sub or Up, whichever leaves the smaller differences.

    The specification's heuristic (section 12.7): the least sum of absolute differences. Filters
    work on bytes, each against the same byte of the sample to the left or above.
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
    kinds = np.where(takes_sub, np.uint8(1), np.uint8(2))
    return np.hstack([kinds, np.where(takes_sub, sub, up)]).tobytes()


def tiff(
    pixels: Samples, *, profile: bytes, exif: PIL.Image.Exif | None, dpi: float | None
) -> bytes:
    """Return a TIFF file of 16 bits per channel, deflated, with the tags of ``exif``."""
    import tifffile  # noqa: PLC0415  # a tenth of a second, which 8 bits need not wait for

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
        # Without a unit, 1 to 1 is the pixels' proportions; an inch would be the whole of a pixel.
        resolutionunit="none" if dpi is None else "inch",
        extratags=[] if exif is None else [_tag(tag, value) for tag, value in exif.items()],
    )
    return stream.getvalue()


def _tag(tag: int, value: Any) -> tuple[int, int, int, Any, bool]:
    """Return a tag as tifffile takes it: number, type, count, value, whether in the first page."""
    if isinstance(value, bytes | str):
        data = value.encode("utf-8") if isinstance(value, str) else value
        return tag, _ASCII, len(data) + 1, data + b"\0", True
    if isinstance(value, int):
        return tag, _LONG, 1, value, True
    ratio = Fraction(float(value)).limit_denominator(10**6)
    return tag, _RATIONAL, 1, (ratio.numerator, ratio.denominator), True
