"""How a picture is split into blocks of tiles."""

import pytest
import torch

from nst_pytorch.cpu.tiles import TileBlock, split_into_blocks


@pytest.mark.parametrize("size", [(1, 1), (4, 5), (37, 56), (300, 450), (18, 2000)])
@pytest.mark.parametrize("tiles", [1, 7, 60])
@pytest.mark.parametrize("least", [1, 2, 5])
def test_blocks_cover_every_tile_once(size, tiles, least):
    high, wide = (-(-length // 4) for length in size)
    covered = torch.zeros(high, wide, dtype=torch.int64)
    for block in split_into_blocks(*size, tiles=tiles, least=least):
        assert isinstance(block, TileBlock)
        assert block.rows * block.columns <= tiles
        covered[block.top :, block.left :][: block.rows, : block.columns] += 1
    assert bool((covered == 1).all())
