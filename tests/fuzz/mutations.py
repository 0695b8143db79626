"""How any file is spoilt by accident; each mutation is told what to do by a seeded chance."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from typing import TypeAlias

Chance: TypeAlias = random.Random
Mutation: TypeAlias = Callable[[bytes, Chance], bytes]

ABSURD = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 30000, 65500, 0x7FFFFFFF, 0xFFFFFFFF)


def flip_bits(data: bytes, chance: Chance) -> bytes:
    result = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8, 64))):
        result[chance.randrange(len(result))] ^= 1 << chance.randrange(8)
    return bytes(result)


def flip_bits_early(data: bytes, chance: Chance) -> bytes:
    """Where headers are."""
    early = min(len(data), chance.choice((16, 64, 256)))
    return flip_bits(data[:early], chance) + data[early:]


def set_number(data: bytes, chance: Chance) -> bytes:
    """Put an absurd number of 1, 2 or 4 bytes somewhere."""
    form = chance.choice(("B", "<H", ">H", "<I", ">I"))
    size = struct.calcsize(form)
    place = chance.randrange(max(1, min(len(data), chance.choice((64, 10**9))) - size))
    number = struct.pack(form, chance.choice(ABSURD) % (1 << 8 * size))
    return data[:place] + number + data[place + size :]


def truncate(data: bytes, chance: Chance) -> bytes:
    return data[: chance.randrange(len(data))]


def remove(data: bytes, chance: Chance) -> bytes:
    start, end = _range(data, chance)
    return data[:start] + data[end:]


def repeat(data: bytes, chance: Chance) -> bytes:
    start, end = _range(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 1, 2, 50)) + data[end:]


def blank(data: bytes, chance: Chance) -> bytes:
    start, end = _range(data, chance)
    return data[:start] + bytes([chance.choice((0, 0xFF))]) * (end - start) + data[end:]


def swap(data: bytes, chance: Chance) -> bytes:
    a, b, c, d = sorted(chance.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def append(data: bytes, chance: Chance) -> bytes:
    return data + chance.randbytes(chance.choice((1, 100, 10000)))


def nothing(data: bytes, chance: Chance) -> bytes:
    return data


def _range(data: bytes, chance: Chance) -> tuple[int, int]:
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.choice((1, 2, 4, 16, 256, 4096)))


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
