"""The memory that a session needs, computed from a model of what this backend keeps.

It is fitted to peaks that ``benchmarks/memory.py --check-estimate`` measured with the documents'
taps.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from nst_core.backend import DType, Execution
from nst_core.backend.footprint import Footprint, StageSize
from nst_core.vgg19 import Layer, blocks, feature_shape, layers_until, parameter_count
from nst_mxnet.network import RECOMPUTED_BLOCKS
from nst_mxnet.row_strips import DEFAULT_STRIP_SIZES

STRIP_MAPS = 8.0
"""Arrays of a strip that are held at the same time, including freed memory the allocator keeps."""

STEP_MAPS = {"float32": 10.0, "float64": 14.0}
"""The same during the backward pass of the widest block that is computed in one piece.

More in float64, for which oneDNN has no convolution.
"""

TARGET_MAPS = 4.0
"""The same while the styles' statistics are computed, where nothing is kept."""

SHALLOW_MAPS = 1.8
"""Arrays of the whole first block that are held in a network of the blocks in strips alone.

MXNet begins the strips one after the other without waiting for their ends, so those of a whole
block are held together. In a deeper network the third block takes more than that.
"""

CHECKPOINTING_MAPS = 5.0
"""Arrays of the third block, if all blocks are in strips and freed memory is returned."""


def footprint(
    *, taps: Sequence[str], size: StageSize, dtype: DType, execution: Execution
) -> Footprint:
    """Return the memory that a session needs; see ``nst_core.backend.footprint.HasFootprint``."""
    item = 8 if dtype == "float64" else 4
    layers = layers_until(taps)

    def activations(sides: tuple[int, int], maps: float) -> float:
        _, width = sides
        sizes = DEFAULT_STRIP_SIZES
        row_bytes = item * width * layers[0].out_channels
        strip = max(sizes.map_bytes, sizes.min_rows * row_bytes)
        whole = [_bytes(block[0], sides, item) for block in blocks(layers)]
        recomputed = min(max(whole[:RECOMPUTED_BLOCKS]), strip)
        kept = max(whole[RECOMPUTED_BLOCKS:], default=0.0)
        return max(STRIP_MAPS * recomputed + maps * kept, SHALLOW_MAPS * whole[0])

    maps = CHECKPOINTING_MAPS if execution.checkpointing else STEP_MAPS[dtype]
    kept = _kept(layers, taps, size.content, item=item, checkpointing=execution.checkpointing)
    return Footprint(
        fixed=float(item * parameter_count(layers)),
        content=kept + activations(size.content, maps),
        style=max((activations(sides, TARGET_MAPS) for sides in size.styles), default=0.0),
        # oneDNN writes to the address 0 if a kernel finds no memory; the engine may wait for ever.
        survives_failed_allocation=False,
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
        recomputed = checkpointing or layer.block <= RECOMPUTED_BLOCKS
        if layer.kind == "pool":
            kept += _bytes(layer, sides, item)
        elif not recomputed:
            kept += _bytes(layer, sides, item) if layer.name in taps else 0.0
            kept += _bytes(layer, sides, 1) if layer.kind == "relu" else 0.0
    return kept


def _bytes(layer: Layer, sides: tuple[int, int], item: int) -> float:
    height, width = sides
    return float(item * prod(feature_shape(layer.name, height=height, width=width)))
