"""Winograd's 4x4 tiles, the tile blocks that a worker takes at a time, and their place in maps.

The maps have a padding of one row above and one column on the left, and whole tiles: see
``buffers.padded_shape``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from nst_pytorch.feature_map import FeatureMap, Window

_MAX_COLUMNS = 30
"""Tiles per row of a tile block. Of two tile blocks with the same number of tiles, the taller one
shares more of its rows between its tiles."""


class TileBlock(NamedTuple):
    """A tile block, ``rows`` by ``columns``; ``top`` and ``left`` count the tiles before it."""

    top: int
    rows: int
    left: int
    columns: int

    @property
    def tiles(self) -> int:
        """The number of tiles."""
        return self.rows * self.columns


def count_tiles(blocks: Iterable[TileBlock]) -> int:
    """Return the number of tiles in all tile blocks."""
    return sum(block.tiles for block in blocks)


def split_into_blocks(height: int, width: int, *, tiles: int, least: int) -> list[TileBlock]:
    """Split a picture into tile blocks of about equal size.

    Args:
        height: The picture's height in pixels.
        width: Its width in pixels.
        tiles: The largest number of tiles per tile block.
        least: The smallest number of tile blocks, provided that there are as many tiles.
    """
    high, wide = -(-height // 4), -(-width // 4)
    across = -(-wide // min(tiles, _MAX_COLUMNS))
    down = -(-high // (tiles // -(-wide // across)))
    # A multiple of ``least``: as many tile blocks for each worker.
    while across * down % least and down < high:
        down += 1
    rows, columns = _spans(high, down), _spans(wide, across)
    return [TileBlock(*row, *column) for row in rows for column in columns]


def split_evenly(length: int, count: int) -> list[slice]:
    """Split ``length`` into at most ``count`` slices whose lengths differ by at most one."""
    spans = _spans(length, min(length, count))
    return [slice(begin, begin + size) for begin, size in spans]


def _spans(length: int, count: int) -> list[tuple[int, int]]:
    """Split ``length`` into ``count`` spans (begin, length) that differ by at most one."""
    ends = [length * number // count for number in range(count + 1)]
    return [(begin, end - begin) for begin, end in pairwise(ends)]


def with_halo(padded: Tensor, block: TileBlock) -> Tensor:
    """Return a tile block's values and one more on each side, (4 rows + 2, 4 columns + 2, C)."""
    rows, columns = 4 * block.rows + 2, 4 * block.columns + 2
    return padded[4 * block.top :][:rows, 4 * block.left :][:, :columns]


def tile_interior(feature_map: FeatureMap, block: TileBlock) -> Tensor:
    """Return a tile block's values (4 rows, 4 columns, C), with what lies outside the map."""
    rows, columns = 4 * block.rows, 4 * block.columns
    return feature_map.padded[1 + 4 * block.top :][:rows, 1 + 4 * block.left :][:, :columns]


def tile_columns(region: Tensor, block: TileBlock) -> Sequence[Tensor]:
    """Return the four columns of the tiles in a region: (4, rows, columns, C) each."""
    tiles = torch.unflatten(torch.unflatten(region, 0, (block.rows, 4)), 2, (block.columns, 4))
    return tiles.permute(3, 1, 0, 2, 4).unbind()


def pooled_tiles(region: Tensor, block: TileBlock) -> Tensor:
    """Return the 2x2 pooled values per tile in a region, (2 columns, 2 rows, rows, columns, C)."""
    pairs = torch.unflatten(torch.unflatten(region, 0, (block.rows, 2)), 2, (block.columns, 2))
    return pairs.permute(3, 1, 0, 2, 4)


def window_of(block: TileBlock) -> Window:
    """Return the window of a tile block in a map's ``padded`` tensor."""
    top, left = 1 + 4 * block.top, 1 + 4 * block.left
    return slice(top, top + 4 * block.rows), slice(left, left + 4 * block.columns)


def clear_outside(region: Tensor, size: tuple[int, int], window: Window) -> None:
    """Set to zero what of a region, in a window, lies outside a map of ``size`` (H, W)."""
    for axis, length in enumerate(size):
        first, last = window[axis].start, window[axis].stop
        if first < 1:
            region.narrow(axis, 0, 1 - first).zero_()
        if last > 1 + length:
            region.narrow(axis, 1 + length - first, last - 1 - length).zero_()
