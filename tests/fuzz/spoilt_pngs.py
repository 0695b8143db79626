"""How PNG files are spoilt where it hurts: in their chunks, with right checksums."""

from __future__ import annotations

import binascii
import struct
import zlib
from collections.abc import Sequence

from fuzz.mutations import Chance, flip_bits
from fuzz.parts import absurd_exif, rearrange

NAMES = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"fdAT", b"acTL", b"fcTL", b"gAMA", b"IEND")


def png_chunks(data: bytes, chance: Chance) -> bytes:
    """Swap, double, drop, spoil, rename or add whole chunks."""
    chunks = _split(data)
    if len(chunks) < 2:
        return flip_bits(data, chance)

    def rename(place: int) -> None:
        chunks[place] = (chance.choice(NAMES), chunks[place][1])

    def add(_: int) -> None:
        chunks.insert(1 + chance.randrange(len(chunks)), _extra(chance))

    rearrange(chunks, chance, rename, add, most=300)
    return _join(chunks)


def png_header(data: bytes, chance: Chance) -> bytes:
    """Other sides, depth, colour type or interlacing, with the checksum put right."""
    chunks = _split(data)
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
    return _join(chunks)


def _extra(chance: Chance) -> tuple[bytes, bytes]:
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


def _split(data: bytes) -> list[tuple[bytes, bytes]]:
    chunks, place = [], 8
    while place + 12 <= len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        body = data[place + 8 : place + 8 + length]
        chunks.append((data[place + 4 : place + 8], body))
        place += 12 + length
    return chunks


def _join(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in chunks:
        checksum = binascii.crc32(kind + body)
        parts.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum))
    return b"".join(parts)
