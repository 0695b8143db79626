"""PNG files without an end (PNG specification, third edition)."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO, NamedTuple

from nst_core.images.truncated.completed import Completed, checked

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_UP = b"\2"
_PIECE = 256

# Adam7: first column and row, steps between columns and rows.
_PASSES = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
    (0, 1, 1, 2),
)  # fmt: skip


class _Pass(NamedTuple):
    """The part of a picture that is stored together: the whole, or one pass of Adam7."""

    width: int
    height: int
    row_bytes: int


def lacks_end(stream: BinaryIO) -> bool:
    """Whether the file ends before its chunk IEND does."""
    size = stream.seek(0, 2)
    place = len(_SIGNATURE)
    while place + 12 <= size:
        stream.seek(place)
        length, kind = struct.unpack(">I4s", stream.read(8))
        if kind == b"IEND" or not kind.isalpha():
            return bool(kind == bytes(4))  # where a file of the full length is filled with zeros
        place += 12 + length
    return True


def complete(data: bytes) -> Completed | None:
    """Fill the missing rows with the row above: a row of zeros with the filter Up."""
    # An interrupted download may have the full length, filled with zeros.
    chunks = _chunks(data.rstrip(b"\0"))
    (_, header), *others = chunks
    passes = _passes(header)
    expected = sum(one.height * one.row_bytes for one in passes)
    packed = b"".join(body for kind, body in others if kind == b"IDAT")
    rows = _inflated(packed, expected)
    filled, missing, total = [], 0, 0
    for one in passes:
        there = min(one.height, len(rows) // one.row_bytes)
        filled.append(rows[: there * one.row_bytes])
        filled.append((_UP + bytes(one.row_bytes - 1)) * (one.height - there))
        rows = rows[there * one.row_bytes :] if there == one.height else b""
        missing += one.width * (one.height - there)
        total += one.width * one.height
    share = checked(missing / total)
    kept = [one for one in others if one[0] not in (*_ANIMATION, b"IDAT", b"IEND")]
    body = [(b"IHDR", header), *kept, (b"IDAT", zlib.compress(b"".join(filled), 1)), (b"IEND", b"")]
    return Completed(_SIGNATURE + b"".join(_chunk(*one) for one in body), share)


def _inflated(packed: bytes, limit: int) -> bytes:
    """Return what can be decompressed; an error ends the data."""
    found, place, length = [], 0, 0
    decompressor = zlib.decompressobj()
    while place < len(packed) and length < limit:
        try:
            part = decompressor.decompress(packed[place : place + _PIECE], limit - length)
            part += decompressor.unconsumed_tail and decompressor.decompress(
                decompressor.unconsumed_tail, limit - length - len(part) or 1
            )
        except zlib.error:
            break
        found.append(part)
        length += len(part)
        place += _PIECE
    return b"".join(found)[:limit]


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the chunks, of which only the last one with pixels may be incomplete."""
    found, place = [], len(_SIGNATURE)
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + 8 + length]
        if kind == b"IDAT" or len(body) == length:
            found.append((kind, body))
        place += 12 + length
    if not found or found[0][0] != b"IHDR":
        raise ValueError("no header")
    return found


def _passes(header: bytes) -> list[_Pass]:
    width, height, depth, colour, _, _, interlaced = struct.unpack(">2I5B", header)
    bits = depth * _CHANNELS[colour]
    places = _PASSES if interlaced else ((0, 0, 1, 1),)
    sides = [
        (-(-(width - left) // right), -(-(height - top) // down))
        for left, top, right, down in places
    ]
    return [_Pass(w, h, 1 + (w * bits + 7) // 8) for w, h in sides if w > 0 and h > 0]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
