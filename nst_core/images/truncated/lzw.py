"""LZW as GIF and TIFF use it: decoding codes that end too early, and encoding without compression.

They differ in the order of bits (GIF: least significant first; TIFF: most), and TIFF widens its
codes one code earlier.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

_MOST_BITS = 12

Order = Literal["little", "big"]


def decoded(data: bytes, *, literal_bits: int, order: Order, limit: int) -> bytes:
    """Return what the codes mean, as far as they are there.

    Args:
        data: The codes.
        literal_bits: Bits of a literal: 2...8 in GIF, 8 in TIFF.
        order: ``little``: the order of GIF; ``big``: that of TIFF.
        limit: The largest number of bytes to return.
    """
    clear = 1 << literal_bits
    literals = [bytes([value]) for value in range(clear)] + [b"", b""]
    early = 1 if order == "big" else 0
    table, width, previous = list(literals), literal_bits + 1, b""
    found, length = [], 0
    reader = _Bits(data, order)
    while length < limit and (code := reader.read(width)) is not None and code != clear + 1:
        if code == clear:
            table, width, previous = list(literals), literal_bits + 1, b""
            continue
        entry = table[code] if code < len(table) else previous + previous[:1]
        if not entry or code > len(table):
            break
        if previous and len(table) < 1 << _MOST_BITS:
            table.append(previous + entry[:1])
        if len(table) + early >= 1 << width and width < _MOST_BITS:
            width += 1
        found.append(entry)
        length += len(entry)
        previous = entry
    return b"".join(found)[:limit]


class _Bits:
    """Reads codes of varying width."""

    def __init__(self, data: bytes, order: Order) -> None:
        self._bytes: Iterator[int] = iter(data)
        self._order = order
        self._held, self._count = 0, 0

    def read(self, width: int) -> int | None:
        """Return the next code; None at the end of the data."""
        while self._count < width:
            byte = next(self._bytes, None)
            if byte is None:
                return None
            if self._order == "little":
                self._held |= byte << self._count
            else:
                self._held = self._held << 8 | byte
            self._count += 8
        self._count -= width
        if self._order == "little":
            code = self._held & (1 << width) - 1
            self._held >>= width
            return code
        code = self._held >> self._count
        self._held &= (1 << self._count) - 1
        return code


def encoded(values: bytes, *, literal_bits: int, order: Order) -> bytes:
    """Return codes that mean ``values``: literals only, with clear codes that keep them short."""
    clear, width = 1 << literal_bits, literal_bits + 1
    run = clear - 3  # more literals would widen the codes
    run = max(run, 1)
    codes: list[int] = []
    for place in range(0, len(values), run):
        codes += [clear, *values[place : place + run]]
    codes.append(clear + 1)
    numbers = np.array(codes, dtype=np.uint16)
    shifts = np.arange(width) if order == "little" else np.arange(width)[::-1]
    bits = (numbers[:, None] >> shifts.astype(np.uint16)) & 1
    return np.packbits(bits.astype(np.uint8).reshape(-1), bitorder=order).tobytes()
