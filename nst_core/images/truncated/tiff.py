"""TIFF files without an end (TIFF 6.0, BigTIFF), whose directory is before the pixels."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from nst_core.images.truncated import lzw
from nst_core.images.truncated.completed import Completed, checked

_FORMATS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
_WIDTH, _LENGTH, _BITS, _COMPRESSION, _FILL_ORDER, _SAMPLES = 256, 257, 258, 259, 266, 277
_STRIP_OFFSETS, _ROWS, _STRIP_COUNTS, _PLANES = 273, 278, 279, 284
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_COUNTS = 322, 323, 324, 325
_PLAIN, _LZW, _DEFLATE, _OLD_DEFLATE, _PACKBITS = 1, 5, 8, 32946, 32773


_MOST_BYTES = 1 << 31


class _Values(NamedTuple):
    """The integers of a tag, and where and how they are stored."""

    place: int
    form: str
    values: tuple[int, ...]


class _Part(NamedTuple):
    """A strip or a tile, and how much of it is inside the picture: a tile may extend beyond."""

    rows: int
    row_bytes: int
    rows_inside: int
    columns_inside: int

    def pixels(self, rows_there: int = 0) -> int:
        """Return the number of pixels of the picture, without the first rows."""
        return max(0, self.rows_inside - rows_there) * self.columns_inside


def complete(data: bytes) -> Completed | None:
    """Decode the strips or tiles that are cut, repeat their last row, and append them."""
    order, tags = _directory(data)

    def number(tag: int, default: int) -> int:
        return tags[tag].values[0] if tag in tags else default

    compression = number(_COMPRESSION, _PLAIN)
    tiled = _TILE_OFFSETS in tags
    offsets = tags[_TILE_OFFSETS if tiled else _STRIP_OFFSETS]
    counts = tags[_TILE_COUNTS if tiled else _STRIP_COUNTS]
    places = list(zip(offsets.values, counts.values, strict=True))
    cut = [index for index, (start, size) in enumerate(places) if start + size > len(data)]
    if not cut or number(_FILL_ORDER, 1) != 1:
        return None
    parts = [_part(tags, index, tiled=tiled) for index in range(len(places))]
    rows = {
        index: _rows(data[places[index][0] :][: places[index][1]], parts[index], compression)
        for index in cut
    }
    missing = sum(parts[index].pixels(len(rows[index]) // parts[index].row_bytes) for index in cut)
    share = checked(missing / sum(part.pixels() for part in parts))
    result = bytearray(data)
    for index in cut:
        part, there = parts[index], rows[index]
        if not there and index:
            start, size = places[index - 1]
            before = rows.get(index - 1) or _rows(
                data[start : start + size], parts[index - 1], compression
            )
            there = before[-part.row_bytes :]
        last = there[-part.row_bytes :]
        whole = there + last * (part.rows - len(there) // part.row_bytes)
        packed = _encoded(whole, compression)
        rows[index] = whole
        result += bytes(len(result) % 2)
        for tag, value in ((offsets, len(result)), (counts, len(packed))):
            width = struct.calcsize(tag.form)
            struct.pack_into(order + tag.form, result, tag.place + index * width, value)
        result += packed
    return Completed(bytes(result), share)


def _directory(data: bytes) -> tuple[str, dict[int, _Values]]:
    """Return the byte order and the tags of the first directory that hold integers."""
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    pointer, count, entry = ("Q", "Q", "HHQ") if big else ("I", "H", "HHI")
    (start,) = struct.unpack_from(order + pointer, data, 8 if big else 4)
    (entries,) = struct.unpack_from(order + count, data, start)
    inline = struct.calcsize(pointer)
    place, found = start + struct.calcsize(count), {}
    for _ in range(entries):
        tag, form, length = struct.unpack_from(order + entry, data, place)
        at = place + struct.calcsize(order + entry)
        if form in _FORMATS and length:
            letter = _FORMATS[form]
            if length * struct.calcsize(letter) > inline:
                (at_values,) = struct.unpack_from(order + pointer, data, at)
            else:
                at_values = at
            if length * struct.calcsize(letter) <= len(data):
                values = struct.unpack_from(f"{order}{length}{letter}", data, at_values)
                found[tag] = _Values(at_values, letter, values)
        place = at + inline
    return order, found


def _part(tags: dict[int, _Values], index: int, *, tiled: bool) -> _Part:
    def number(tag: int, default: int) -> int:
        return tags[tag].values[0] if tag in tags else default

    samples, height = number(_SAMPLES, 1), number(_LENGTH, 0)
    planar = number(_PLANES, 1) == 2
    bits = tags[_BITS].values if _BITS in tags else (1,)
    pixel_bits = bits[0] if planar else bits[0] * samples if len(bits) == 1 else sum(bits)
    width = number(_WIDTH, 0)
    columns, rows = width, min(number(_ROWS, height), height)
    if tiled:
        columns, rows = number(_TILE_WIDTH, 0), number(_TILE_LENGTH, 0)
    across, down = -(-width // columns), -(-height // rows)
    top, left = index % (across * down) // across * rows, index % across * columns
    inside = min(rows, height - top)
    row_bytes = (columns * pixel_bits + 7) // 8
    if rows * row_bytes > _MOST_BYTES:
        raise ValueError("a strip or tile that is too large")
    return _Part(rows if tiled else inside, row_bytes, inside, min(columns, width - left))


def _rows(packed: bytes, part: _Part, compression: int) -> bytes:
    """Return the complete rows that can be decoded from what is left of a strip or tile."""
    limit = part.rows * part.row_bytes
    if compression == _PLAIN:
        values = packed[:limit]
    elif compression in (_DEFLATE, _OLD_DEFLATE):
        values = zlib.decompressobj().decompress(packed, limit)
    elif compression == _LZW:
        values = lzw.decoded(packed, literal_bits=8, order="big", limit=limit)
    elif compression == _PACKBITS:
        values = _unpacked(packed)[:limit]
    else:
        raise ValueError("a compression that can't be decoded in part")
    return values[: len(values) // part.row_bytes * part.row_bytes]


def _unpacked(packed: bytes) -> bytes:
    found, place = [], 0
    while place + 1 < len(packed):
        count = packed[place]
        if count < 128:
            found.append(packed[place + 1 : place + 2 + count])
            place += 2 + count
        else:
            found.append(packed[place + 1 : place + 2] * (257 - count if count > 128 else 0))
            place += 2 if count > 128 else 1
    return b"".join(found)


def _encoded(values: bytes, compression: int) -> bytes:
    if compression == _PLAIN:
        return values
    if compression in (_DEFLATE, _OLD_DEFLATE):
        return zlib.compress(values, 1)
    if compression == _LZW:
        return lzw.encoded(values, literal_bits=8, order="big")
    runs = (values[at : at + 128] for at in range(0, len(values), 128))
    return b"".join(bytes([len(run) - 1]) + run for run in runs)
