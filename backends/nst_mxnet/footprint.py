"""The memory that a session needs, computed from a model of what this backend keeps.

It is fitted to peaks that ``benchmarks/memory.py --check-estimate`` measured with the documents'
taps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from nst_core.backend import DType, Execution, Objective
from nst_core.backend.footprint import Footprint, StageSize
from nst_core.backend.positions import count_values
from nst_core.vgg19 import BY_NAME, Layer, blocks, feature_shape, layers_until, parameter_count
from nst_mxnet.nearest import IMAGE_ROWS, STYLE_ROWS
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

SHALLOW_MAPS = {False: 1.8, True: 1.5}
"""Arrays of the whole first block that are held in a network of the blocks in strips alone.

MXNet begins the strips one after the other without waiting for their ends, so those of a whole
block are held together. In a deeper network the third block takes more than that. The key says
whether there is checkpointing.
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
        return max(STRIP_MAPS * recomputed + maps * kept, shallow * whole[0])

    shallow = SHALLOW_MAPS[execution.checkpointing]
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


def with_matching(
    found: Footprint, objective: Objective, size: StageSize, *, item: int
) -> Footprint:
    """Return the memory of a session with nearest neighbours.

    A step holds the features on the grid, theirs less the mean, their targets and two sets of
    gradients. A search holds the features of one style's pictures, once more while they are put
    together, those of the image with their directions, and the targets of each style; and a block
    of cosines with the directions that it needs.

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
    block = IMAGE_ROWS * STYLE_ROWS + 2 * STYLE_ROWS * widest
    search = 2 * pictures * max(styles) + (3 + len(size.styles)) * sum(image) + 2 * max(image)
    return replace(
        found,
        content=found.content + 5 * item * sum(image),
        style=found.style + item * (search + block),
    )
