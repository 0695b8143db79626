"""What a session takes of memory: a model of this backend's arrays.

Fitted to peaks that ``benchmarks/memory.py --check-estimate`` measured, with the documents' taps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from nst_core.backend import DType
from nst_core.estimate import Footprint
from nst_core.vgg19 import CONVOLUTIONS, Layer, feature_shape, layers_until
from nst_core.work import StageSize

WORKING: Mapping[DType, float] = MappingProxyType({"float32": 11.0, "float64": 15.5})
"""Of the largest activation: gradients, what style losses keep of their taps, the temporary buffer.

More in float64, which oneDNN does not convolve.
"""

TARGET_FACTOR = 1.0
"""Of all activations: outside the compiled block each lives until the queue has passed it."""


def footprint(*, taps: Sequence[str], size: StageSize, dtype: DType) -> Footprint:
    """See ``nst_core.estimate.Footprints``."""
    item = 8 if dtype == "float64" else 4
    layers = layers_until(taps)
    parameters = sum(
        9 * layer.in_channels * layer.out_channels for layer in CONVOLUTIONS if layer in layers
    )

    def activations(kept: Sequence[Layer], sides: tuple[int, int]) -> list[float]:
        height, width = sides
        shapes = (feature_shape(layer.name, height=height, width=width) for layer in kept)
        return [float(item * c * h * w) for c, h, w in shapes]

    own = activations([layer for layer in layers if _has_memory(layer, taps)], size.content)
    style = (sum(activations(layers, sides)) for sides in size.styles)
    return Footprint(
        fixed=item * parameters,
        content=sum(own) + WORKING[dtype] * max(own),
        style=TARGET_FACTOR * max(style, default=0.0),
    )


def _has_memory(layer: Layer, taps: Sequence[str]) -> bool:
    """Return whether what a layer puts out lies beside its input: ReLUs work in place."""
    return layer.kind != "relu" or layer.name.replace("relu", "conv") in taps
