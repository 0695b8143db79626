"""Decoding the samples of a TIFF page at full depth.

All layouts: strips and tiles, samples side by side or in planes, both byte orders. Bytes are
decompressed by zlib (Deflate) and by Pillow's libtiff (LZW, PackBits, LZMA, Zstandard). For this,
libtiff gets a small TIFF around each strip, which says that its bytes are grey values of 8 bits. So
it does not matter which layouts Pillow knows.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.TiffImagePlugin import TiffImageFile

from nst_core.images.tiff_layout import FLOAT, SIGNED, Layout
from nst_core.images.unsupported import UnsupportedKindError

Samples = NDArray[Any]
"""(H, W, number of samples), integers or floating-point numbers as the file holds them."""

_NONE, _DEFLATE = 1, (8, 32946)
_BY_LIBTIFF = (5, 32773, 34925, 50000)
_COMPRESSIONS = MappingProxyType(
    {2: "CCITT", 3: "CCITT group 3", 4: "CCITT group 4", 6: "old JPEG", 7: "JPEG"}
    | {34676: "SGI log", 34677: "SGI log", 34712: "JPEG 2000", 34887: "LERC", 50001: "WebP"}
    | {50002: "JPEG XL", 52546: "JPEG XL"}
)
_HORIZONTAL, _FLOATING_POINT = 2, 3
_BLOCK = 1 << 20
"""Samples of an odd depth that are unpacked at a time."""


def decode(stream: BinaryIO, layout: Layout) -> Samples:
    """Return all samples of a page.

    Raises:
        ValueError, OSError, zlib.error: the data are damaged or not all there.
        UnsupportedKindError: the compression or predictor is not one of these.
    """
    _check_compression(layout)
    width, height = layout.segment
    across, down = math.ceil(layout.width / width), math.ceil(layout.height / height)
    depth = 1 if layout.planar else layout.samples
    needed = across * down * (layout.samples if layout.planar else 1)
    if len(layout.offsets) < needed:
        raise ValueError(f"{needed} strips or tiles are needed, {len(layout.offsets)} are there")
    samples = np.zeros((layout.height, layout.width, layout.samples), _dtype(layout))
    for number in range(needed):
        plane, place = divmod(number, across * down)
        top, left = place // across * height, place % across * width
        # The last tile is filled up below the picture, the last strip ends with it.
        rows = height if layout.tiled else min(height, layout.height - top)
        values = _segment(stream, layout, number, rows=rows, depth=depth)
        target = samples[top : top + rows, left : left + width, plane : plane + depth]
        target[...] = values[: target.shape[0], : target.shape[1]]
    return samples


def _check_compression(layout: Layout) -> None:
    if layout.compression not in (_NONE, *_DEFLATE, *_BY_LIBTIFF):
        name = _COMPRESSIONS.get(layout.compression, f"compression {layout.compression}")
        raise UnsupportedKindError(
            f"nst doesn't read TIFF of this kind ({layout.name()}, {name}); "
            "save it with LZW or without compression"
        )
    whole_bytes = layout.bits in (8, 16, 32, 64)
    fits = layout.predictor == 1 or (layout.predictor == _HORIZONTAL and whole_bytes)
    if not fits and not (layout.predictor == _FLOATING_POINT and layout.format == FLOAT):
        raise UnsupportedKindError(
            f"nst doesn't read TIFF of this kind ({layout.name()}, predictor {layout.predictor}); "
            "save it without a predictor"
        )
    width, height = layout.segment
    # Tiles may be larger than the picture, but not without limit.
    limits = max(4 * layout.width, 4096), max(4 * layout.height, 4096)
    if not (0 < width <= limits[0] and 0 < height <= limits[1]):
        raise ValueError(f"its tiles have {width} x {height} pixels")


def _dtype(layout: Layout) -> np.dtype[Any]:
    """Return the type of the samples in memory, in the machine's byte order."""
    if layout.format == FLOAT:
        return np.dtype(f"f{layout.bits // 8}")
    size = next(size for size in (1, 2, 4, 8) if 8 * size >= layout.bits)
    return np.dtype(f"{'i' if layout.format == SIGNED else 'u'}{size}")


def _segment(stream: BinaryIO, layout: Layout, number: int, *, rows: int, depth: int) -> Samples:
    """Return the samples (rows, width, depth) of a strip or tile.

    Args:
        stream: The file.
        layout: That of the page.
        number: Which strip or tile.
        rows: Its height.
        depth: Samples per pixel in it.
    """
    width = layout.segment[0]
    row_bytes = (width * depth * layout.bits + 7) // 8
    data = _read(stream, layout, number, rows * row_bytes)
    if layout.compression in _DEFLATE:
        data = zlib.decompressobj().decompress(data, rows * row_bytes)
    elif layout.compression in _BY_LIBTIFF:
        data = _by_libtiff(data, layout.compression, rows, row_bytes)
    if len(data) < rows * row_bytes:
        raise ValueError(f"{len(data)} bytes instead of {rows * row_bytes} in a strip or tile")
    return _values(data[: rows * row_bytes], layout, rows, width, depth)


def _read(stream: BinaryIO, layout: Layout, number: int, expected: int) -> bytes:
    """Return the bytes of a strip or tile as they are in the file."""
    offset = layout.offsets[number]
    count = expected if layout.compression == _NONE else layout.counts[number]
    end = stream.seek(0, io.SEEK_END)
    stream.seek(offset)
    # A count beyond the end of the file must not be allocated.
    data = stream.read(max(0, min(count, end - offset)))
    if layout.reversed_bits:
        data = data.translate(_REVERSED)
    return data


_REVERSED = bytes(int(f"{number:08b}"[::-1], 2) for number in range(256))


def _by_libtiff(data: bytes, compression: int, rows: int, row_bytes: int) -> bytes:
    """Decompress bytes, as a picture of ``rows`` rows of grey values."""
    tags = [(256, row_bytes), (257, rows), (258, 8), (259, compression), (262, 1), (273, 8)]
    tags += [(277, 1), (278, rows), (279, len(data))]
    padding = bytes(len(data) % 2)
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = b"II*\0" + struct.pack("<I", 8 + len(data) + len(padding))
    file = head + data + padding + struct.pack("<H", len(tags)) + directory + bytes(4)
    picture = TiffImageFile(io.BytesIO(file))
    # Otherwise Pillow compares the size with its own limit. See nst_core.images.reading.
    picture.im = PIL.Image.new("L", (row_bytes, rows)).im
    picture.load()
    return picture.tobytes()


def _values(data: bytes, layout: Layout, rows: int, width: int, depth: int) -> Samples:
    """Return the samples (rows, width, depth) in decompressed bytes."""
    dtype = _dtype(layout)
    if layout.bits != 8 * dtype.itemsize:
        return _odd_depth(data, layout, rows, width, depth)
    if layout.predictor == _FLOATING_POINT:
        return _floating_point_predicted(data, layout.bits // 8, rows, width, depth)
    stored = np.frombuffer(data, f"{layout.order}{dtype.kind}{dtype.itemsize}")
    values = stored.astype(dtype, copy=False).reshape(rows, width, depth)
    if layout.predictor == _HORIZONTAL:
        unsigned = np.dtype(f"u{dtype.itemsize}")
        # Sums wrap around, as the differences did.
        values = np.cumsum(values.view(unsigned), axis=1, dtype=unsigned).view(dtype)
    return values


def _floating_point_predicted(data: bytes, size: int, rows: int, width: int, depth: int) -> Samples:
    """Undo Predictor 3 (Adobe Photoshop TIFF Technical Note 3, 2005).

    A row holds the first byte of every number, then the second of every one, and so on, most
    significant bytes first. Each byte is stored as the difference from the one ``depth`` before.
    """
    differences = np.frombuffer(data, np.uint8).reshape(rows, size * width, depth)
    planes = np.cumsum(differences, axis=1, dtype=np.uint8).reshape(rows, size, width * depth)
    numbers = np.ascontiguousarray(planes.transpose(0, 2, 1)).view(f">f{size}")
    return numbers.astype(f"f{size}").reshape(rows, width, depth)


def _odd_depth(data: bytes, layout: Layout, rows: int, width: int, depth: int) -> Samples:
    """Return samples that are not 8, 16, 32 or 64 bits wide. Each row begins at a whole byte."""
    packed = np.frombuffer(data, np.uint8).reshape(rows, -1)
    dtype, bits = _dtype(layout), layout.bits
    values = np.empty((rows, width * depth), dtype)
    if bits == 24:
        triples = packed.reshape(rows, width * depth, 3)[..., :: -1 if layout.order == "<" else 1]
        weights = np.array([1 << 16, 1 << 8, 1], np.uint32)
        values[...] = (triples.astype(np.uint32) * weights).sum(axis=2, dtype=np.uint32)
    else:
        powers = np.uint64(1) << np.arange(bits - 1, -1, -1, dtype=np.uint64)
        step = max(1, _BLOCK // (width * depth))
        for top in range(0, rows, step):
            block = np.unpackbits(packed[top : top + step], axis=1, count=width * depth * bits)
            digits = block.reshape(len(block), width * depth, bits)
            values[top : top + step] = (digits @ powers).astype(dtype)
    if layout.format == SIGNED:
        shift = 8 * dtype.itemsize - bits
        values = (values << shift) >> shift
    return values.reshape(rows, width, depth)
