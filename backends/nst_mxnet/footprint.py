"""What a session takes of memory: a model of what this backend keeps.

Fitted to peaks that ``benchmarks/memory.py --check-estimate`` measured, with the documents' taps.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import prod

from nst_core.backend import DType, Execution
from nst_core.backend.footprint import Footprint, StageSize
from nst_core.vgg19 import Layer, feature_shape, layers_until
from nst_mxnet.strips import LEAST_ROWS, MAP_BYTES

AGAIN = 2
"""How many blocks are computed again by default: in them lie three quarters of all activations."""

STRIP_MAPS = 8.0
"""Arrays of a strip that are held at a time, besides what the allocator has left of others."""

STEP_MAPS = {"float32": 10.0, "float64": 14.0}
"""Likewise of the widest block that goes through in one piece, while it is differentiated.

More in float64, which oneDNN does not convolve.
"""

CHECKPOINTING_MAPS = 5.0
"""Of the third block's, where every block goes through in strips and pages are handed back."""


def footprint(
    *, taps: Sequence[str], size: StageSize, dtype: DType, execution: Execution
) -> Footprint:
    """See ``nst_core.backend.footprint.Footprints``."""
    item = 8 if dtype == "float64" else 4
    layers = layers_until(taps)
    parameters = item * sum(
        9 * one.in_channels * one.out_channels for one in layers if one.kind == "conv"
    )

    def in_pieces(sides: tuple[int, int], maps: float) -> float:
        _, width = sides
        groups = groupby(layers, key=lambda one: one.poolings - (one.kind == "pool"))
        blocks = [list(block) for _, block in groups]
        strip = max(MAP_BYTES, LEAST_ROWS * item * width * layers[0].out_channels)
        whole = [_bytes(block[0], sides, item) for block in blocks]
        again = min(max(whole[:AGAIN]), strip)
        return STRIP_MAPS * again + maps * max(whole[AGAIN:], default=0.0)

    maps = CHECKPOINTING_MAPS if execution.checkpointing else STEP_MAPS[dtype]
    kept = _kept(layers, taps, size.content, item=item, checkpointing=execution.checkpointing)
    return Footprint(
        fixed=float(parameters),
        content=kept + in_pieces(size.content, maps),
        style=max((in_pieces(sides, 4.0) for sides in size.styles), default=0.0),
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
    kept = 0.0
    for layer in layers:
        again = checkpointing or layer.poolings - (layer.kind == "pool") < AGAIN
        if layer.kind == "pool":
            kept += _bytes(layer, sides, item)
        elif not again:
            kept += _bytes(layer, sides, item) if layer.name in taps else 0.0
            kept += _bytes(layer, sides, 1) if layer.kind == "relu" else 0.0
    return kept


def _bytes(layer: Layer, sides: tuple[int, int], item: int) -> float:
    height, width = sides
    return float(item * prod(feature_shape(layer.name, height=height, width=width)))
