"""How pictures are spoilt where it hurts: in chunks, segments and tags, with right checksums."""

from __future__ import annotations

import binascii
import struct
import zlib
from collections.abc import Sequence

from fuzz.mutations import ABSURD, Chance, Mutation, flip_bits

PNG_NAMES = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"fdAT", b"acTL", b"fcTL", b"gAMA", b"IEND")


def png_chunks(data: bytes, chance: Chance) -> bytes:
    """Swap, double, drop, spoil or grow whole chunks, their checksums put right again."""
    chunks = _png_split(data)
    if len(chunks) < 2:
        return flip_bits(data, chance)
    place = chance.randrange(len(chunks))
    kind, body = chunks[place]
    match chance.randrange(6):
        case 0:
            other = chance.randrange(len(chunks))
            chunks[place], chunks[other] = chunks[other], chunks[place]
        case 1:
            chunks[place:place] = [chunks[place]] * chance.choice((1, 1, 300))
        case 2:
            del chunks[place]
        case 3:
            chunks[place] = (kind, flip_bits(body, chance) if body else b"\0")
        case 4:
            names = (
                b"IHDR",
                b"PLTE",
                b"tRNS",
                b"IDAT",
                b"fdAT",
                b"acTL",
                b"fcTL",
                b"gAMA",
                b"IEND",
            )
            chunks[place] = (chance.choice(names), body)
        case _:
            chunks.insert(1 + chance.randrange(len(chunks)), _png_extra(chance))
    return _png_join(chunks)


def png_header(data: bytes, chance: Chance) -> bytes:
    """Other sides, depth, colour type or interlacing, with the checksum put right."""
    chunks = _png_split(data)
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        return flip_bits(data, chance)
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    if chance.random() < 0.5:
        sides = (0, 1, 23, 25, 1500, 30000, 65535, 65536, 0x7FFFFFFF, 0xFFFFFFFF)
        width, height = chance.choice(sides), chance.choice(sides)
    else:
        place = chance.randrange(5)
        rest[place] = chance.choice((0, 1, 2, 3, 4, 6, 8, 16, 255))
    chunks[0] = (b"IHDR", struct.pack(">IIBBBBB", width, height, *rest))
    return _png_join(chunks)


def _png_extra(chance: Chance) -> tuple[bytes, bytes]:
    """A chunk that unpacks to a hundred thousand times its size, or says what makes no sense."""
    bomb = zlib.compress(bytes(chance.choice((10**5, 5 * 10**7))), 9)
    return chance.choice(
        (
            (b"zTXt", b"bomb\0\0" + bomb),
            (b"iTXt", b"bomb\0\1\0\0\0" + bomb),
            (b"iCCP", b"bomb\0\0" + bomb),
            (b"iCCP", b"name\0\0" + zlib.compress(chance.randbytes(200))),
            (b"IDAT", bomb),
            (b"eXIf", absurd_exif(chance)),
            (b"acTL", struct.pack(">II", 0xFFFFFFFF, 0)),
            (b"tRNS", chance.randbytes(300)),
            (b"gAMA", struct.pack(">I", 0)),
            (b"pHYs", struct.pack(">IIB", 0, 0, 1)),
        )
    )


def _png_split(data: bytes) -> list[tuple[bytes, bytes]]:
    chunks, place = [], 8
    while place + 12 <= len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        body = data[place + 8 : place + 8 + length]
        chunks.append((data[place + 4 : place + 8], body))
        place += 12 + length
    return chunks


def _png_join(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in chunks:
        checksum = binascii.crc32(kind + body)
        parts.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum))
    return b"".join(parts)


def jpeg_segments(data: bytes, chance: Chance) -> bytes:
    """Swap, double, drop, spoil or add segments before the first scan."""
    segments, rest = _jpeg_split(data)
    if not segments:
        return flip_bits(data, chance)
    place = chance.randrange(len(segments))
    marker, body = segments[place]
    match chance.randrange(6):
        case 0:
            other = chance.randrange(len(segments))
            segments[place], segments[other] = segments[other], segments[place]
        case 1:
            segments[place:place] = [segments[place]] * chance.choice((1, 1, 200))
        case 2:
            del segments[place]
        case 3:
            segments[place] = (marker, flip_bits(body, chance) if body else b"\0")
        case 4:
            profile = b"ICC_PROFILE\0" + bytes([chance.choice((0, 1, 255)), chance.choice((1, 0))])
            segments.insert(0, (0xE2, profile + chance.randbytes(chance.choice((10, 60000)))))
        case _:
            segments.insert(0, (0xE1, b"Exif\0\0" + absurd_exif(chance)))
    head = b"".join(
        bytes([0xFF, mark]) + struct.pack(">H", min(65535, len(body) + 2)) + body
        for mark, body in segments
    )
    return b"\xff\xd8" + head + rest


def jpeg_sides(data: bytes, chance: Chance) -> bytes:
    """Other sides or components in the frame header."""
    segments, rest = _jpeg_split(data)
    for place, (marker, body) in enumerate(segments):
        if 0xC0 <= marker <= 0xC2 and len(body) > 6:
            sides = [chance.choice((0, 1, 15, 17, 1500, 30000, 65500, 65535)) for _ in range(2)]
            segments[place] = (marker, body[:1] + struct.pack(">HH", *sides) + body[5:])
    head = b"".join(
        bytes([0xFF, mark]) + struct.pack(">H", len(body) + 2) + body for mark, body in segments
    )
    return b"\xff\xd8" + head + rest


def _jpeg_split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    segments, place = [], 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
        (length,) = struct.unpack(">H", data[place + 2 : place + 4])
        segments.append((data[place + 1], data[place + 4 : place + 2 + length]))
        place += 2 + length
    return segments, data[place:]


def tiff_entry(data: bytes, chance: Chance) -> bytes:
    """Another tag, type, count or value in one entry of the first directory."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:3] == b"+" or data[3:4] == b"+"
    head, entry = ("Q", "HHQQ") if big else ("I", "HHII")
    try:
        (start,) = struct.unpack_from(order + head, data, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
        size = struct.calcsize(order + entry)
        place = start + (8 if big else 2) + size * chance.randrange(max(1, count))
        fields = list(struct.unpack_from(order + entry, data, place))
    except (struct.error, OverflowError):
        return flip_bits(data, chance)
    which = chance.randrange(4)
    tags = (254, 256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 282, 284, 317, 320, 338, 339)
    choices = ((*tags, 34675, 34665), range(14), ABSURD, ABSURD)[which]
    fields[which] = chance.choice(choices)
    return data[:place] + struct.pack(order + entry, *fields) + data[place + size :]


def webp_chunks(data: bytes, chance: Chance) -> bytes:
    """Swap, double, drop or spoil chunks, or claim absurd sides."""
    chunks, place = [], 12
    while place + 8 <= len(data):
        (length,) = struct.unpack("<I", data[place + 4 : place + 8])
        chunks.append((data[place : place + 4], data[place + 8 : place + 8 + length]))
        place += 8 + length + length % 2
    if not chunks:
        return flip_bits(data, chance)
    place = chance.randrange(len(chunks))
    kind, body = chunks[place]
    match chance.randrange(6):
        case 0:
            other = chance.randrange(len(chunks))
            chunks[place], chunks[other] = chunks[other], chunks[place]
        case 1:
            chunks[place:place] = [chunks[place]] * chance.choice((1, 1, 200))
        case 2:
            del chunks[place]
        case 3:
            chunks[place] = (kind, flip_bits(body, chance) if body else b"\0")
        case 4:
            chunks.insert(place, (chance.choice((b"EXIF", b"ICCP")), absurd_exif(chance)))
        case _:
            sides = b"".join(
                struct.pack("<I", chance.choice((0, 23, 1500, 0xFFFFFF)))[:3] for _ in range(2)
            )
            chunks[0] = (b"VP8X", bytes([chance.randrange(64), 0, 0, 0]) + sides)
    body = b"".join(
        kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for kind, body in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def bmp_header(data: bytes, chance: Chance) -> bytes:
    """Other sides, depth, compression or number of colours."""
    place, form = chance.choice(((18, "<i"), (22, "<i"), (28, "<H"), (30, "<I"), (46, "<I")))
    number = chance.choice((0, 1, -1, 4, 24, 32, 1500, 30000, -30000, 65535, 2**31 - 1, -(2**31)))
    size = struct.calcsize(form)
    raw = struct.pack("<q", number)[:size]
    return data[:place] + raw + data[place + size :]


def absurd_exif(chance: Chance) -> bytes:
    """A TIFF structure of EXIF data with values that make no sense."""
    order = chance.choice("<>")
    start = chance.choice((8, 8, 8, 0, 0xFFFFFFFF))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    entries = [
        (
            chance.choice((0x0112, 0x0112, 0x8769, 0x8825, 0x010E, 0x0131, 0xA005, 0x014A)),
            chance.randrange(14),
            chance.choice((0, 1, 1, 1, 2, 1000, 0xFFFFFFFF)),
            chance.choice((0, 1, 6, 8, 9, 0xFFFF, 0xFFFFFFFF, 6 << 16)),
        )
        for _ in range(chance.choice((0, 1, 3, 500)))
    ]
    count = chance.choice((len(entries), len(entries), 0xFFFF))
    body = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    return (
        head
        + struct.pack(order + "H", count)
        + body
        + struct.pack(order + "I", chance.choice((0, 8)))
    )


PICTURES: dict[str, Sequence[Mutation]] = {
    ".png": (png_chunks, png_header),
    ".jpg": (jpeg_segments, jpeg_sides),
    ".tif": (tiff_entry,),
    ".webp": (webp_chunks,),
    ".bmp": (bmp_header,),
}
