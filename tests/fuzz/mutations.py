"""Mutations for files of any format. Each makes its choices with a seeded generator."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias

Mutation: TypeAlias = Callable[[bytes, Random], bytes]

ABSURD = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 30000, 65500, 0x7FFFFFFF, 0xFFFFFFFF)


def flip_bits(data: bytes, rng: Random) -> bytes:
    result = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8, 64))):
        result[rng.randrange(len(result))] ^= 1 << rng.randrange(8)
    return bytes(result)


def flip_bits_early(data: bytes, rng: Random) -> bytes:
    """Flip bits at the beginning, where headers are."""
    early = min(len(data), rng.choice((16, 64, 256)))
    return flip_bits(data[:early], rng) + data[early:]


def set_number(data: bytes, rng: Random) -> bytes:
    """Write an absurd number of 1, 2 or 4 bytes somewhere."""
    form = rng.choice(("B", "<H", ">H", "<I", ">I"))
    size = struct.calcsize(form)
    place = rng.randrange(max(1, min(len(data), rng.choice((64, 10**9))) - size))
    number = struct.pack(form, rng.choice(ABSURD) % (1 << 8 * size))
    return data[:place] + number + data[place + size :]


def truncate(data: bytes, rng: Random) -> bytes:
    return data[: rng.randrange(len(data))]


def remove(data: bytes, rng: Random) -> bytes:
    start, end = _range(data, rng)
    return data[:start] + data[end:]


def repeat(data: bytes, rng: Random) -> bytes:
    start, end = _range(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 50)) + data[end:]


def blank(data: bytes, rng: Random) -> bytes:
    start, end = _range(data, rng)
    return data[:start] + bytes([rng.choice((0, 0xFF))]) * (end - start) + data[end:]


def swap(data: bytes, rng: Random) -> bytes:
    a, b, c, d = sorted(rng.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def append(data: bytes, rng: Random) -> bytes:
    return data + rng.randbytes(rng.choice((1, 100, 10000)))


def nothing(data: bytes, rng: Random) -> bytes:
    return data


def _range(data: bytes, rng: Random) -> tuple[int, int]:
    start = rng.randrange(len(data))
    return start, min(len(data), start + rng.choice((1, 2, 4, 16, 256, 4096)))


ANYWHERE: Sequence[Mutation] = (
    flip_bits,
    flip_bits,
    flip_bits_early,
    set_number,
    set_number,
    truncate,
    remove,
    repeat,
    blank,
    swap,
    append,
    nothing,
)
