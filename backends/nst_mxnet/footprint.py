"""What a session takes of memory: a model of this backend's arrays.

Its factors are assumed: ``benchmarks/memory.py --check-estimate`` has yet to hold them against
measured peaks.
"""

from __future__ import annotations

from collections.abc import Sequence

from nst_core.backend import DType
from nst_core.estimate import Footprint
from nst_core.vgg19 import CONVOLUTIONS, feature_shape, layers_until
from nst_core.work import StageSize

STEP_FACTOR = 1.55
"""Of all activations: MXNet's planner keeps each, and shares the gradients' memory among them."""

TARGET_FACTOR = 1.0
"""Of all activations: outside the compiled block each lives until the queue has passed it."""


def footprint(*, taps: Sequence[str], size: StageSize, dtype: DType) -> Footprint:
    """See ``nst_core.estimate.Footprints``."""
    item = 8 if dtype == "float64" else 4
    layers = layers_until(taps)
    parameters = sum(
        9 * layer.in_channels * layer.out_channels for layer in CONVOLUTIONS if layer in layers
    )

    def activations(sides: tuple[int, int]) -> float:
        height, width = sides
        shapes = (_shape(layer.name, height, width) for layer in layers)
        return float(item * sum(c * h * w for c, h, w in shapes))

    return Footprint(
        fixed=item * parameters,
        content=STEP_FACTOR * activations(size.content),
        style=TARGET_FACTOR * max(map(activations, size.styles), default=0.0),
    )


def _shape(name: str, height: int, width: int) -> tuple[int, int, int]:
    return feature_shape(name, height=height, width=width)
