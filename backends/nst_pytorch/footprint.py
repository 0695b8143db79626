"""What a session takes of memory: a model of what this backend keeps.

Held against measured peaks by ``benchmarks/memory.py --check-estimate``; so far only with the
defaults, at 96x144 and 300x450.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import prod

from nst_core.backend import DType, Execution
from nst_core.estimate import Footprint
from nst_core.vgg19 import Layer, feature_shape, layers_until
from nst_core.work import StageSize

STEP_MAPS = 3.0
"""Maps of the widest layer that are held at a time, besides what is kept for the backward pass."""

TARGET_MAPS = 2.5
"""Likewise while the styles' statistics are found, where nothing is kept."""


def footprint(
    *, taps: Sequence[str], size: StageSize, on_cpu: bool, dtype: DType, execution: Execution
) -> Footprint:
    """See ``nst_core.estimate.Footprints``."""
    item = 8 if dtype == "float64" else 4
    layers = layers_until(taps)
    parameters = sum(9 * one.in_channels * one.out_channels for one in layers if one.kind == "conv")
    widest = item * max(map(_channels, layers[:2]))  # the first block's, at full size

    def target(sides: tuple[int, int]) -> float:
        return TARGET_MAPS * widest * prod(sides)

    kept = _kept(layers, taps, size.content, item=item, checkpointing=execution.checkpointing)
    # The kernels and those turned about; Winograd's have 36 elements for 9.
    times = 2 if execution.conv == "direct" or not on_cpu else 1 + 4
    return Footprint(
        fixed=times * item * parameters,
        content=kept + STEP_MAPS * widest * prod(size.content),
        style=max(map(target, size.styles), default=0.0),
    )


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
