"""What a session takes of memory: a model of what this backend keeps.

Held against measured peaks by ``benchmarks/memory.py --check-estimate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import prod

import torch

from nst_core.backend import DType, Execution
from nst_core.backend.footprint import Footprint, StageSize
from nst_core.vgg19 import Layer, feature_shape, layers_until
from nst_pytorch.choice import in_blocks, tiling_of
from nst_pytorch.sharing import common_room
from nst_pytorch.strips import convolution_of, stages_of
from nst_pytorch.winograd import room
from nst_pytorch.workers import workers

STEP_MAPS = 3.0
"""Maps of the widest layer that are held at a time, besides what is kept for the backward pass."""

TARGET_MAPS = 2.5
"""Likewise while the styles' statistics are found, where nothing is kept."""

NEIGHBOURS = 9
"""Maps that PyTorch's own convolution of float64 on a CPU makes of what it takes, in one piece."""


def footprint(
    *, taps: Sequence[str], size: StageSize, on_cpu: bool, dtype: DType, execution: Execution
) -> Footprint:
    """See ``nst_core.backend.footprint.Footprints``."""
    item = 8 if dtype == "float64" else 4
    layers = layers_until(taps)
    parameters = item * sum(
        9 * one.in_channels * one.out_channels for one in layers if one.kind == "conv"
    )
    widest = item * max(map(_channels, layers[:2]))  # the first block's, at full size
    unfolded = NEIGHBOURS * widest if on_cpu and dtype == "float64" else 0.0
    if in_blocks(size.content, on_cpu=on_cpu, dtype=dtype, execution=execution):

        def seen_at_once(sides: tuple[int, int]) -> tuple[int, int]:
            tiling = tiling_of(sides, taps, execution)
            return sides if tiling is None else tiling.window_size

        # Pictures of other sizes are seen by the direct network.
        others = [seen_at_once(sides) for sides in size.styles if sides != size.content]
        direct = parameters if others else 0.0
        window = seen_at_once(size.content)
        fixed, content = _of_blocks(taps, window, getattr(torch, dtype))
        if window != size.content:
            content += 3 * item * prod(size.content)  # the gradient of the whole
    else:
        # The gradient's kernels are a copy.
        others, direct, fixed = list(size.styles), 0.0, 2.0 * parameters
        kept = _kept(layers, taps, size.content, item=item, checkpointing=execution.checkpointing)
        content = kept + (STEP_MAPS * widest + unfolded) * prod(size.content)
    seen = (direct + (TARGET_MAPS * widest + unfolded) * prod(sides) for sides in others)
    return Footprint(fixed=fixed, content=content, style=max(seen, default=0.0))


def _of_blocks(
    taps: Sequence[str], size: tuple[int, int], dtype: torch.dtype
) -> tuple[float, float]:
    """Return the bytes that ``Strips`` takes for its kernels, and for its maps and blocks."""
    first, stages, turns = stages_of(taps, size=size, dtype=dtype)
    kernels = sum(36 * one.conv.in_channels * one.conv.out_channels for one in stages)
    layers = [convolution_of(stage) for stage in stages]
    buffers: dict[str, int] = {}
    for layer in layers:
        blocks, ins, outs = layer
        for block in blocks:
            sides, common = (block.rows, block.columns), layer.few
            needs = [room(*sides, *pair, common=common) for pair in ((ins, outs), (outs, ins))]
            needs.append({"fourth": 16 * (block.rows + 1) * (block.columns + 1) * outs})
            for name, count in (pair for need in needs for pair in need.items()):
                buffers[name] = max(buffers.get(name, 0), count)
    scratch = workers().count * sum(buffers.values()) + sum(common_room(layers).values())
    # The image, and its gradient block by block.
    planes = 2 * 3 * prod(first.whole_size)
    maps = sum(stage.bytes for stage in stages) + sum(turn.bytes for turn in turns)
    return kernels * dtype.itemsize, maps + (scratch + planes) * dtype.itemsize


def _kept(
    layers: Sequence[Layer],
    taps: Sequence[str],
    sides: tuple[int, int],
    *,
    item: int,
    checkpointing: bool,
) -> float:
    """Return the bytes that the forward pass keeps for the backward pass."""
    height, width = sides

    def elements(layer: Layer) -> int:
        return prod(feature_shape(layer.name, height=height, width=width))

    def layer_bytes(layer: Layer) -> int:
        if layer.name in taps:
            return item * elements(layer)
        return 0 if layer.kind == "conv" else elements(layer)  # a mask, or a pooling's codes

    blocks = [
        sum(map(layer_bytes, block))
        for _, block in groupby(layers, key=lambda one: one.poolings - (one.kind == "pool"))
    ]
    pools = sum(item * elements(layer) for layer in layers if layer.kind == "pool")
    return max(blocks) + pools if checkpointing else sum(blocks)


def _channels(layer: Layer) -> int:
    return layer.out_channels
