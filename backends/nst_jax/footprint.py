"""The memory that a session needs, fitted to XLA's own analysis of the compiled functions.

That analysis (``Compiled.memory_analysis``) needs the compiled function, and an estimate has to be
ready before. Its temporary memory is proportional to the picture: 7.9 maps of the widest layer for
a step of d2l at 300x450, 5.3 with checkpointing.
"""

from __future__ import annotations

from math import prod

from nst_core.backend import DType, Execution, Objective
from nst_core.backend.footprint import Footprint, StageSize
from nst_core.vgg19 import layers_until, parameter_count

STEP_MAPS, CHECKPOINTING_MAPS = 7.9, 5.3
"""Maps of the widest layer that a step holds at its peak, without and with checkpointing."""

TARGET_MAPS = {"float32": 3.05, "float64": 5.05}
"""Likewise while the styles' statistics are computed. In float64 convolutions are sums of nine."""

COMPILER_BYTES = 50e6
"""What compiling takes, by the measured peak of a step at 300x450."""


def footprint(
    *, objective: Objective, size: StageSize, dtype: DType, execution: Execution
) -> Footprint:
    """Return the memory that a session needs; see ``nst_core.backend.footprint.HasFootprint``."""
    item = 8 if dtype == "float64" else 4
    layers = layers_until(objective.taps())
    widest = item * max(layer.out_channels for layer in layers[:2])  # of the first block
    maps = CHECKPOINTING_MAPS if execution.checkpointing else STEP_MAPS
    sorted_pixels = 0.0
    if objective.style_statistics == "sliced-wasserstein":
        # The projections, their weights and quantiles in float64, and what sorting holds.
        sorted_pixels = 4.0 * 8 * objective.projections
    return Footprint(
        fixed=item * parameter_count(layers) + COMPILER_BYTES,
        content=(maps * widest + sorted_pixels) * prod(size.content),
        style=max(
            ((TARGET_MAPS[dtype] * widest + sorted_pixels) * prod(one) for one in size.styles),
            default=0.0,
        ),
        # The compiler ends the process if it finds no memory.
        survives_failed_allocation=False,
    )
