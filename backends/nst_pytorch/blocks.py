"""Winograd's 4x4 tiles of a picture, and the blocks of them that a worker takes at a time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

_WIDEST = 30
"""Tiles in a row of a block: of the same number of tiles, tall ones share more of their rows."""


class Block(NamedTuple):
    """Some tiles, ``rows`` by ``columns``; ``top`` and ``left`` count the tiles before them."""

    top: int
    rows: int
    left: int
    columns: int

    @property
    def tiles(self) -> int:
        """How many."""
        return self.rows * self.columns


def count_tiles(blocks: Iterable[Block]) -> int:
    """Return how many tiles are in all of them."""
    return sum(block.tiles for block in blocks)


def blocks_of(height: int, width: int, *, tiles: int, least: int) -> list[Block]:
    """Cut a picture into blocks of about equal size.

    Args:
        height: Of the picture, in pixels.
        width: Of it.
        tiles: How many tiles a block should have at most.
        least: How many blocks there should be at least, if there are as many tiles.
    """
    high, wide = -(-height // 4), -(-width // 4)
    across = -(-wide // min(tiles, _WIDEST))
    down = -(-high // (tiles // -(-wide // across)))
    # As many for one worker as for the other.
    while across * down % least and down < high:
        down += 1
    rows, columns = _spans(high, down), _spans(wide, across)
    return [Block(*row, *column) for row in rows for column in columns]


def parts(length: int, count: int) -> list[slice]:
    """Cut ``length`` into at most ``count`` parts that differ by one at most."""
    spans = _spans(length, min(length, count))
    return [slice(begin, begin + size) for begin, size in spans]


def _spans(length: int, count: int) -> list[tuple[int, int]]:
    """Cut ``length`` into ``count`` parts, (begin, length) each, that differ by one at most."""
    ends = [length * number // count for number in range(count + 1)]
    return [(begin, end - begin) for begin, end in pairwise(ends)]
