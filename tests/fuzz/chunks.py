"""What the formats of pictures have in common: a sequence of chunks, and EXIF data."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random
from typing import TypeVar

from fuzz.mutations import flip_bits

K = TypeVar("K")


def rearrange(
    chunks: list[tuple[K, bytes]], rng: Random, *others: Callable[[int], None], most: int
) -> None:
    """Swap, double, drop or corrupt one of the chunks, or call one of ``others``. Works in place.

    Args:
        chunks: Kind and content of each; at least one.
        others: Further changes, called with the index of a chunk.
        most: Number of copies of a chunk that is repeated too often.
    """
    place = rng.randrange(len(chunks))
    kind, body = chunks[place]
    match rng.randrange(4 + len(others)):
        case 0:
            other = rng.randrange(len(chunks))
            chunks[place], chunks[other] = chunks[other], chunks[place]
        case 1:
            chunks[place:place] = [chunks[place]] * rng.choice((1, 1, most))
        case 2:
            del chunks[place]
        case 3:
            chunks[place] = (kind, flip_bits(body, rng) if body else b"\0")
        case further:
            others[further - 4](place)


def absurd_exif(rng: Random) -> bytes:
    """A TIFF structure of EXIF data with values that make no sense."""
    order = rng.choice("<>")
    start = rng.choice((8, 8, 8, 0, 0xFFFFFFFF))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    entries = [
        (
            rng.choice((0x0112, 0x0112, 0x8769, 0x8825, 0x010E, 0x0131, 0xA005, 0x014A)),
            rng.randrange(14),
            rng.choice((0, 1, 1, 1, 2, 1000, 0xFFFFFFFF)),
            rng.choice((0, 1, 6, 8, 9, 0xFFFF, 0xFFFFFFFF, 6 << 16)),
        )
        for _ in range(rng.choice((0, 1, 3, 500)))
    ]
    count = rng.choice((len(entries), len(entries), 0xFFFF))
    body = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    return (
        head + struct.pack(order + "H", count) + body + struct.pack(order + "I", rng.choice((0, 8)))
    )
