"""The memory that a session needs, computed from a model of what this backend keeps.

``benchmarks/memory.py --check-estimate`` compares it with measured peaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import torch

from nst_core.backend import DType, Execution, Objective
from nst_core.backend.footprint import Footprint, StageSize
from nst_core.backend.positions import count_values
from nst_core.vgg19 import BY_NAME, Layer, blocks, feature_shape, layers_until, parameter_count
from nst_pytorch.cpu.footprint import winograd_bytes
from nst_pytorch.nearest import IMAGE_ROWS, STYLE_ROWS
from nst_pytorch.select_network import uses_winograd, windows_for

STEP_MAPS = 3.0
"""Maps of the widest layer that are held at a time, besides those kept for the backward pass."""

TARGET_MAPS = 2.5
"""Likewise while the styles' statistics are computed, where nothing is kept."""

UNFOLDED_MAPS = 9
"""PyTorch's own float64 convolution on a CPU first copies its whole input nine times, once for each
place in the 3x3 kernel. This is the number of copies, counted in maps of the widest layer."""


def footprint(
    *, taps: Sequence[str], size: StageSize, on_cpu: bool, dtype: DType, execution: Execution
) -> Footprint:
    """Return the memory that a session needs; see ``nst_core.backend.footprint.HasFootprint``."""
    item = 8 if dtype == "float64" else 4
    layers = layers_until(taps)
    parameters = item * parameter_count(layers)
    widest = item * max(map(_channels, layers[:2]))  # those of the first block, at full size
    unfolded = UNFOLDED_MAPS * widest if on_cpu and dtype == "float64" else 0.0
    winograd = uses_winograd(size.content, on_cpu=on_cpu, dtype=dtype, execution=execution)

    def window_size(sides: tuple[int, int]) -> tuple[int, int]:
        grid = windows_for(sides, taps, execution, on_cpu=on_cpu)
        return sides if grid is None or (on_cpu and not winograd) else grid.window_size

    window = window_size(size.content)
    if winograd:
        # The direct network computes pictures of other sizes.
        others = [window_size(sides) for sides in size.styles if sides != size.content]
        direct = parameters if others else 0.0
        kind = getattr(torch, dtype)
        products = torch.bfloat16 if execution.precision == "bf16" else kind
        fixed, content = winograd_bytes(taps, window, kind, products)
    else:
        # The kernels of the gradient are a copy.
        others, direct, fixed = [*map(window_size, size.styles)], 0.0, 2.0 * parameters
        by_block = execution.checkpointing and window == size.content
        kept = _kept(layers, taps, window, item=item, checkpointing=by_block)
        content = kept + (STEP_MAPS * widest + unfolded) * prod(window)
    if window != size.content:
        content += 3 * item * prod(size.content)  # the gradient of the whole image
    style = (direct + (TARGET_MAPS * widest + unfolded) * prod(sides) for sides in others)
    return Footprint(fixed=fixed, content=content, style=max(style, default=0.0))


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

    by_block = [sum(map(layer_bytes, block)) for block in blocks(layers)]
    pools = sum(item * elements(layer) for layer in layers if layer.kind == "pool")
    return max(by_block) + pools if checkpointing else sum(by_block)


def _channels(layer: Layer) -> int:
    return layer.out_channels


def with_matching(
    found: Footprint, objective: Objective, size: StageSize, *, item: int
) -> Footprint:
    """Return the memory of a session with nearest neighbours.

    A step holds the features on the grid, their targets and their gradient. A search holds all
    features of one style, the image's features and their directions, and the targets of all styles,
    each twice while they are chosen; and a block of cosines with the directions that it needs.

    Args:
        found: The memory without them.
        objective: What is minimised.
        size: The pictures' sizes.
        item: Bytes of a value.
    """
    matching = objective.matching

    image = count_values(objective, size=size.content, samples=matching.samples)
    styles = [
        sum(count_values(objective, size=sides, samples=matching.style_samples))
        for sides in size.styles
    ]
    pictures = matching.pictures_per_style
    widest = sum(BY_NAME[tap].out_channels for tap in objective.neighbours)
    block = IMAGE_ROWS * STYLE_ROWS + STYLE_ROWS * widest
    one_more = sum(image) if len(size.styles) > 1 else 0
    search = (pictures + 1) * max(styles) + (2 + len(size.styles)) * sum(image) + 2 * max(image)
    return replace(
        found,
        content=found.content + 3 * item * sum(image),
        style=found.style + item * (search + one_more + block),
    )
