"""How far the backends of one preset may be apart, by dtype.

Against the measured: on small pictures a backend is within 3e-6 (losses) and 5e-6 (gradient) of
the float64 truth in float32, within 1e-14 in float64; ``tests/tolerances.py`` has the numbers. The
room above that is for other processors and other orders of summation. Along the steps Adam makes
small differences larger, since it divides each entry of the gradient by its own size: 0.4 % of the
total after 50 steps in float32, 1e-15 in float64. Images of float32 that ran freely are not judged.
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
        gradient: Of the gradient at one and the same image, relative to its largest entry.
        losses: Of content, style and total variation loss at every step, relative to the total.
    """

    first_losses: float
    gradient: float
    losses: float


TOLERANCES: Mapping[str, Tolerances] = MappingProxyType(
    {
        "float32": Tolerances(first_losses=1e-5, gradient=1e-4, losses=2e-2),
        "float64": Tolerances(first_losses=1e-10, gradient=1e-9, losses=1e-8),
    }
)
