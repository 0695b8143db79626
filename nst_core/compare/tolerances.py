"""How far the backends of one preset may be apart, by dtype.

In float64 every difference is rounding, so the bounds are tight: that is where a claim of parity is
made. In float32, only the losses at one image are as certain. A photograph has ReLUs and poolings
so near to their kinks that rounding decides them, and each that is decided otherwise changes the
gradient around it: on three pairs of pictures at 100x150, preset d2l, float32 was off the float64
gradient by up to 2.4e-3 of its norm, and by 8e-3 of the largest entry at single pixels. Adam
divides each entry of the gradient by its own size and makes small differences larger: after two
steps the losses were 0.7 % of the total apart, over fifty steps 5 % in the mean and 20 % at one
step. Images of float32 that ran freely are not judged at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """Bounds of relative differences.

    Attributes:
        first_losses: Of every loss at the first step, relative to that loss, or to a thousandth of
            the total where the loss is smaller still.
        gradient: Of the gradient at one and the same image, in the Euclidean norm.
        early_losses: Of content, style and total variation loss at each of the first three steps,
            relative to the total: what Adam's first updates do.
        mean_losses: The same in the mean over all steps.
    """

    first_losses: float
    gradient: float
    early_losses: float
    mean_losses: float


TOLERANCES: Mapping[str, Tolerances] = MappingProxyType(
    {
        "float32": Tolerances(
            first_losses=1e-5, gradient=1e-2, early_losses=5e-2, mean_losses=2e-1
        ),
        "float64": Tolerances(
            first_losses=1e-10, gradient=1e-9, early_losses=1e-8, mean_losses=1e-8
        ),
    }
)
