"""What the formats of pictures have in common: parts that follow each other, and EXIF data."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TypeVar

from fuzz.mutations import Chance, flip_bits

K = TypeVar("K")


def rearrange(
    parts: list[tuple[K, bytes]], chance: Chance, *others: Callable[[int], None], most: int
) -> None:
    """Swap, double, drop or spoil one of the parts, or do one of the others to it, in place.

    Args:
        parts: Kind and content of each; at least one.
        others: Told which part.
        most: How often one is there that is there too often.
    """
    place = chance.randrange(len(parts))
    kind, body = parts[place]
    match chance.randrange(4 + len(others)):
        case 0:
            other = chance.randrange(len(parts))
            parts[place], parts[other] = parts[other], parts[place]
        case 1:
            parts[place:place] = [parts[place]] * chance.choice((1, 1, most))
        case 2:
            del parts[place]
        case 3:
            parts[place] = (kind, flip_bits(body, chance) if body else b"\0")
        case own:
            others[own - 4](place)


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
