"""How the workers share a convolution: by tile blocks, or by the 36 matrix products.

A worker must load and pack every kernel matrix that it multiplies by. In a layer of few tiles that
takes as long as the products. There each worker multiplies all tiles by its share of the 36
matrices; before and after that phase it transforms tile blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

from nst_pytorch.cpu import winograd
from nst_pytorch.cpu.buffers import M, Scratch, V
from nst_pytorch.cpu.tiles import TileBlock, count_tiles, split_evenly, split_into_blocks
from nst_pytorch.cpu.winograd import SharedScratch, WriteTiles
from nst_pytorch.thread_pool import thread_pool

MAX_SPLIT_TILES = 160
"""The largest number of tiles of a layer whose products are split.

In a layer of at most so many tiles the workers split the 36 matrix products instead of the tiles.
Splitting the tiles would make every worker load all kernel matrices; loading one of 512x512 takes
as long as multiplying 20 tiles by it. Measured: faster by a tenth to a third at about 10 tiles, by
3 % at 140 tiles with 512 channels, and no faster beyond."""

_TILES = ((256, 200), (128, 240), (0, 360))
"""Pairs (channels, tiles): with at least so many channels a tile block has at most so many tiles.
The first pair that fits counts. Measured: with fewer tiles Python has no time to keep two cores
busy, with more the tile block does not fit into the cache."""

BlockInput = Callable[[TileBlock, Scratch], Tensor]
"""Returns a tile block's values and one more on each side: ``source`` of ``winograd.convolve``."""
BlockOutput = Callable[[TileBlock, WriteTiles, Scratch], None]
"""Receives a tile block, and the function that writes its convolution."""


class ConvolutionPlan(NamedTuple):
    """How a layer's convolution is split among the workers.

    Attributes:
        blocks: The tile blocks.
        ins: The number of input channels.
        outs: The number of output channels.
        splits_products: Whether the workers split the 36 products instead of the tiles.
    """

    blocks: Sequence[TileBlock]
    ins: int
    outs: int
    splits_products: bool

    @classmethod
    def of(
        cls, size: tuple[int, int], ins: int, outs: int, *, max_split_tiles: int = MAX_SPLIT_TILES
    ) -> ConvolutionPlan:
        """Return the plan for maps of ``size`` (H, W)."""
        blocks = layer_blocks(size, channels=outs)
        return cls(blocks, ins, outs, count_tiles(blocks) <= max_split_tiles)


def layer_blocks(size: tuple[int, int], *, channels: int) -> list[TileBlock]:
    """Return the tile blocks of a convolution of ``size`` (H, W), by its output channels."""
    tiles = next(count for least, count in _TILES if channels >= least)
    return split_into_blocks(*size, tiles=tiles, least=thread_pool().count)


def shared_buffer_sizes(plans: Iterable[ConvolutionPlan], products: torch.dtype) -> dict[str, int]:
    """Return buffer -> the number of values that all workers together need, in both passes."""
    needs = (
        winograd.plane_values(count_tiles(plan.blocks), max(plan.ins, plan.outs), products)
        for plan in plans
        if plan.splits_products
    )
    most = max(needs, default=0)
    return {V: most, M: most}


class ParallelConvolution:
    """Convolves with all workers.

    Args:
        scratch: The buffers of each worker.
        products: The dtype of the kernels and of the products.
        plans: The plans of all layers that it will convolve.
    """

    def __init__(
        self, scratch: Sequence[Scratch], products: torch.dtype, plans: Iterable[ConvolutionPlan]
    ) -> None:
        self._scratch = scratch
        self._shared = Scratch(products)
        for name, size in shared_buffer_sizes(plans, products).items():
            self._shared.take(name, size)

    def convolve(
        self,
        plan: ConvolutionPlan,
        source: BlockInput,
        kernels: Tensor,
        output: BlockOutput,
        *,
        bias: Tensor | None = None,
        flipped: bool = False,
    ) -> None:
        """Convolve all tile blocks of a layer.

        Args:
            plan: The plan of the layer.
            source: Called once for each tile block, on any worker.
            kernels: (36, I, O).
            output: Called once for each tile block, on any worker, after its ``source``.
            bias: (O,).
            flipped: Whether this is the gradient of the input, from O channels to I: see
                ``winograd.convolve``.
        """
        if plan.splits_products:
            self._convolve_in_phases(plan, source, kernels, output, bias=bias, flipped=flipped)
            return

        def convolve(worker: int, block: TileBlock) -> None:
            scratch = self._scratch[worker]
            values = source(block, scratch)

            def write_tiles(outs: Sequence[Tensor]) -> None:
                winograd.convolve(values, kernels, bias, outs, scratch, flipped=flipped)

            output(block, write_tiles, scratch)

        thread_pool().map(plan.blocks, convolve)

    def _convolve_in_phases(
        self,
        plan: ConvolutionPlan,
        source: BlockInput,
        kernels: Tensor,
        output: BlockOutput,
        *,
        bias: Tensor | None,
        flipped: bool,
    ) -> None:
        matrices = kernels.transpose(1, 2) if flipped else kernels
        _, ins, outs = matrices.shape
        tiles = count_tiles(plan.blocks)
        v, m = SharedScratch(self._shared, tiles, 0).views(ins, outs)

        def transforms(item: tuple[TileBlock, int], scratch: Scratch) -> winograd.BlockTransforms:
            block, begin = item
            shared = SharedScratch(self._shared, tiles, begin)
            return winograd.block_transforms(
                scratch, block.rows, block.columns, ins, outs, shared, kernels.dtype
            )

        def transform_input(worker: int, item: tuple[TileBlock, int]) -> None:
            scratch = self._scratch[worker]
            values = source(item[0], scratch)
            transforms(item, scratch).transform_input(values, flipped=flipped)

        # The split never depends on which worker takes which share: the bits repeat.
        def multiply(_: int, share: slice) -> None:
            winograd.multiply(v[share], matrices[share], m[share])

        def transform_output(worker: int, item: tuple[TileBlock, int]) -> None:
            scratch = self._scratch[worker]

            def write_tiles(outs: Sequence[Tensor]) -> None:
                transforms(item, scratch).transform_output(bias, outs, flipped=flipped)

            output(item[0], write_tiles, scratch)

        begins = accumulate((block.tiles for block in plan.blocks), initial=0)
        items = list(zip(plan.blocks, begins, strict=False))
        shares = split_evenly(36, thread_pool().count)
        thread_pool().run_phases(
            (items, transform_input), (shares, multiply), (items, transform_output)
        )
