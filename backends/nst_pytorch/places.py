"""Where blocks of tiles lie in maps with a border of one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nst_pytorch.blocks import Block
from nst_pytorch.maps import FeatureMap, Place


def around(whole: Tensor, block: Block) -> Tensor:
    """Return a block's values and one more on each side."""
    rows, columns = 4 * block.rows + 2, 4 * block.columns + 2
    return whole[4 * block.top :][:rows, 4 * block.left :][:, :columns]


def within(feature_map: FeatureMap, block: Block) -> Tensor:
    """Return a block's values, and what of whole tiles lies outside the map."""
    rows, columns = 4 * block.rows, 4 * block.columns
    return feature_map.whole[1 + 4 * block.top :][:rows, 1 + 4 * block.left :][:, :columns]


def tile_columns(region: Tensor, block: Block) -> Sequence[Tensor]:
    """Return the four columns of the tiles in a region: (4, rows, columns, C) each."""
    tiles = torch.unflatten(torch.unflatten(region, 0, (block.rows, 4)), 2, (block.columns, 4))
    return tiles.permute(3, 1, 0, 2, 4).unbind()


def halves(region: Tensor, block: Block) -> Tensor:
    """Return the 2x2 values of each tile, (2 columns, 2 rows, rows, columns, C), in a region."""
    pairs = torch.unflatten(torch.unflatten(region, 0, (block.rows, 2)), 2, (block.columns, 2))
    return pairs.permute(3, 1, 0, 2, 4)


def place_of(block: Block) -> Place:
    """Return where a block lies in a map's ``whole``."""
    top, left = 1 + 4 * block.top, 1 + 4 * block.left
    return slice(top, top + 4 * block.rows), slice(left, left + 4 * block.columns)


def clear_outside(region: Tensor, size: tuple[int, int], place: Place) -> None:
    """Make zero what of a region at a place lies outside a map of ``size`` (H, W)."""
    for axis, length in enumerate(size):
        first, last = place[axis].start, place[axis].stop
        if first < 1:
            region.narrow(axis, 0, 1 - first).zero_()
        if last > 1 + length:
            region.narrow(axis, 1 + length - first, last - 1 - length).zero_()
