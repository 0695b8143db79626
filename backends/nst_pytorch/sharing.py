"""How the workers share a convolution: each takes blocks, or some of the products of all of them.

A worker packs every kernel matrix that it multiplies by, which with few tiles takes as long as the
products. Then each worker multiplies all tiles by its part of the 36 matrices, between two phases
in which it takes blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

from nst_pytorch import winograd
from nst_pytorch.blocks import Block, count_tiles, parts
from nst_pytorch.winograd import Common, Scratch
from nst_pytorch.workers import workers

_FEW = 160
"""Tiles of a layer up to which its products are shared. Measured: a tenth to a third faster at some
10 tiles, 3 % at 140 with 512 channels, nothing from there on."""

Source = Callable[[Block, Scratch], Tensor]
"""Returns a block's values and one more on each side, as ``winograd.convolve`` takes them."""
Put = Callable[[Block, Callable[[Sequence[Tensor]], None], Scratch], None]
"""Is given a block, and what writes its convolution in four views: see ``winograd.convolve``."""


class Convolution(NamedTuple):
    """A layer's: its ``blocks``, and its numbers of channels."""

    blocks: Sequence[Block]
    ins: int
    outs: int

    @property
    def few(self) -> bool:
        """Whether its products are shared."""
        return count_tiles(self.blocks) <= _FEW


def common_room(layers: Iterable[Convolution]) -> dict[str, int]:
    """Return buffer -> values that the workers need room for in common, both ways."""
    needs = (36 * count_tiles(one.blocks) * max(one.ins, one.outs) for one in layers if one.few)
    most = max(needs, default=0)
    return {"values": most, "products": most}


class Shared:
    """Convolves by all workers.

    Args:
        scratch: Of each worker.
        dtype: Of the values.
        layers: All that it will be asked for.
    """

    def __init__(
        self, scratch: Sequence[Scratch], dtype: torch.dtype, layers: Iterable[Convolution]
    ) -> None:
        self._scratch = scratch
        self._common = Scratch(dtype)
        for name, size in common_room(layers).items():
            self._common.take(name, size)

    def convolve(
        self,
        layer: Convolution,
        source: Source,
        kernels: Tensor,
        put: Put,
        *,
        bias: Tensor | None = None,
        turned: bool = False,
    ) -> None:
        """Convolve all blocks of a layer.

        Args:
            layer: Which.
            source: Called once for each block, on any worker.
            kernels: (36, I, O).
            put: Called once for each block, on any worker, not before its ``source``.
            bias: (O,).
            turned: Whether it is the input gradient, from O channels to I: see
                ``winograd.convolve``.
        """
        if layer.few:
            self._in_phases(layer, source, kernels, put, bias=bias, turned=turned)
            return

        def convolve(worker: int, block: Block) -> None:
            scratch = self._scratch[worker]
            around = source(block, scratch)

            def write(outs: Sequence[Tensor]) -> None:
                winograd.convolve(around, kernels, bias, outs, scratch, turned=turned)

            put(block, write, scratch)

        workers().each(layer.blocks, convolve)

    def _in_phases(
        self,
        layer: Convolution,
        source: Source,
        kernels: Tensor,
        put: Put,
        *,
        bias: Tensor | None,
        turned: bool,
    ) -> None:
        matrices = kernels.transpose(1, 2) if turned else kernels
        _, ins, outs = matrices.shape
        tiles = count_tiles(layer.blocks)
        values, products = Common(self._common, tiles, 0).views(ins, outs)

        def transforms(item: tuple[Block, int], scratch: Scratch) -> winograd.Transforms:
            block, begin = item
            common = Common(self._common, tiles, begin)
            return scratch.transforms(block.rows, block.columns, ins, outs, common)

        def forth(worker: int, item: tuple[Block, int]) -> None:
            scratch = self._scratch[worker]
            around = source(item[0], scratch)
            transforms(item, scratch).forth(around, turned=turned)

        # Always the same parts, whichever worker takes them: the same bits.
        def multiply(_: int, part: slice) -> None:
            winograd.multiply(values[part], matrices[part], products[part])

        def back(worker: int, item: tuple[Block, int]) -> None:
            scratch = self._scratch[worker]

            def write(outs: Sequence[Tensor]) -> None:
                transforms(item, scratch).back(bias, outs, turned=turned)

            put(item[0], write, scratch)

        begins = accumulate((block.tiles for block in layer.blocks), initial=0)
        items = list(zip(layer.blocks, begins, strict=False))
        frequencies = parts(36, workers().count)
        workers().in_turn((items, forth), (frequencies, multiply), (items, back))
