"""Mutations of PNG files: in their chunks, with correct checksums."""

from __future__ import annotations

import binascii
import struct
import zlib
from collections.abc import Sequence
from random import Random

from fuzz.chunks import absurd_exif, rearrange
from fuzz.mutations import flip_bits

NAMES = (
    b"IHDR",
    b"PLTE",
    b"tRNS",
    b"IDAT",
    b"fdAT",
    b"acTL",
    b"fcTL",
    b"gAMA",
    b"cHRM",
    b"cICP",
    b"IEND",
)


def png_chunks(data: bytes, rng: Random) -> bytes:
    """Swap, double, drop, corrupt, rename or add whole chunks."""
    chunks = _split(data)
    if len(chunks) < 2:
        return flip_bits(data, rng)

    def rename(place: int) -> None:
        chunks[place] = (rng.choice(NAMES), chunks[place][1])

    def add(_: int) -> None:
        chunks.insert(1 + rng.randrange(len(chunks)), _extra(rng))

    rearrange(chunks, rng, rename, add, most=300)
    return _join(chunks)


def png_header(data: bytes, rng: Random) -> bytes:
    """Other sides, depth, colour type or interlacing, with a correct checksum."""
    chunks = _split(data)
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        return flip_bits(data, rng)
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    if rng.random() < 0.5:
        sides = (0, 1, 23, 25, 1500, 30000, 65535, 65536, 0x7FFFFFFF, 0xFFFFFFFF)
        width, height = rng.choice(sides), rng.choice(sides)
    else:
        place = rng.randrange(5)
        rest[place] = rng.choice((0, 1, 2, 3, 4, 6, 8, 16, 255))
    chunks[0] = (b"IHDR", struct.pack(">IIBBBBB", width, height, *rest))
    return _join(chunks)


def _extra(rng: Random) -> tuple[bytes, bytes]:
    """A chunk that unpacks to many times its size, or has values that make no sense."""
    bomb = zlib.compress(bytes(rng.choice((10**5, 5 * 10**7))), 9)
    return rng.choice(
        (
            (b"zTXt", b"bomb\0\0" + bomb),
            (b"iTXt", b"bomb\0\1\0\0\0" + bomb),
            (b"iCCP", b"bomb\0\0" + bomb),
            (b"iCCP", b"name\0\0" + zlib.compress(rng.randbytes(200))),
            (b"IDAT", bomb),
            (b"eXIf", absurd_exif(rng)),
            (b"acTL", struct.pack(">II", 0xFFFFFFFF, 0)),
            (b"tRNS", rng.randbytes(300)),
            (b"gAMA", struct.pack(">I", rng.choice((0, 1, 45455, 100_000, 0xFFFFFFFF)))),
            (b"cHRM", rng.choice((bytes(32), rng.randbytes(32)))),
            (b"cICP", bytes([rng.choice((1, 9, 12, 99)), rng.choice((1, 8, 13, 16, 99)), 0, 1])),
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
