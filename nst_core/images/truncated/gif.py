"""GIF files without an end (GIF89a). Only the first frame counts."""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

import numpy as np

from nst_core.images.truncated import lzw
from nst_core.images.truncated.completed import Completed, checked

_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_TABLE, _INTERLACED = 0x80, 0x40
_DESCRIPTOR = 10
_MOST_IN_BLOCK = 255


class _Frame(NamedTuple):
    """The first frame: where its descriptor and its codes begin, and whether they are complete."""

    descriptor: int
    codes: int
    complete: bool


def lacks_end(stream: BinaryIO) -> bool:
    """Whether the file ends before its trailer."""
    data = stream.read()
    try:
        return _walk(data)[1] is False
    except IndexError:
        return True


def complete(data: bytes) -> Completed | None:
    """Decode the rows that are there, repeat the last, and encode the frame again."""
    frame, _ = _walk(data)
    if frame is None:
        return None
    if frame.complete:
        return Completed(data[: _after_blocks(data, frame.codes + 1)[0]] + bytes([_TRAILER]), 0.0)
    width, height, flags = struct.unpack_from("<2HB", data, frame.descriptor + 5)
    bits = data[frame.codes]
    if not 2 <= bits <= 8:
        return None
    codes, place = [], frame.codes + 1
    while place < len(data) and data[place]:
        codes.append(data[place + 1 : place + 1 + data[place]])
        place += 1 + data[place]
    values = lzw.decoded(b"".join(codes), literal_bits=bits, order="little", limit=width * height)
    there = len(values) // width
    share = checked(1 - there / height)
    order = _row_order(height, interlaced=bool(flags & _INTERLACED))
    stored = np.frombuffer(values, np.uint8, there * width).reshape(there, width)
    # The row above that is there; row 0 is stored first in either order.
    source = np.full(height, -1)
    source[order[:there]] = np.arange(there)
    known = np.maximum.accumulate(np.where(source >= 0, np.arange(height), 0))
    rows = stored[source[known]]
    packed = lzw.encoded(rows.tobytes(), literal_bits=bits, order="little")
    head = bytearray(data[: frame.codes + 1])
    head[frame.descriptor + 9] &= ~_INTERLACED & 0xFF
    return Completed(bytes(head) + _blocks(packed) + bytes([_TRAILER]), share)


def _row_order(height: int, *, interlaced: bool) -> list[int]:
    if not interlaced:
        return list(range(height))
    passes = ((0, 8), (4, 8), (2, 4), (1, 2))
    return [row for start, step in passes for row in range(start, height, step)]


def _blocks(packed: bytes) -> bytes:
    parts = [packed[at : at + _MOST_IN_BLOCK] for at in range(0, len(packed), _MOST_IN_BLOCK)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def _walk(data: bytes) -> tuple[_Frame | None, bool]:
    """Return the first frame, and whether the file has its trailer (or something unknown)."""
    frame, place = None, 13 + _table_bytes(data[10])
    while place < len(data):
        kind = data[place]
        if kind == _EXTENSION:
            place, whole = _after_blocks(data, place + 2)
        elif kind == _IMAGE and place + _DESCRIPTOR <= len(data):
            codes = place + _DESCRIPTOR + _table_bytes(data[place + 9])
            end, whole = _after_blocks(data, codes + 1)
            frame = frame or _Frame(place, codes, whole)
            place = end
        else:
            return frame, kind != _IMAGE
        if not whole:
            return frame, False
    return frame, False


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & _TABLE else 0


def _after_blocks(data: bytes, place: int) -> tuple[int, bool]:
    """Return where the blocks of data end, and whether they are complete."""
    while place < len(data):
        if not data[place]:
            return place + 1, True
        place += 1 + data[place]
    return len(data), False
