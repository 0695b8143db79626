"""How far the backends of one preset may be apart, by dtype.

In float64 every difference is rounding, so the bounds are tight. Parity of the backends is claimed
there.

In float32 the bounds are tight only for the losses at the same image:

- Gradients. Some inputs of ReLUs and max poolings are so close to a kink that rounding decides
  the branch, and another branch changes the gradient around it. On three pairs of pictures at
  100x150, preset d2l, the float32 gradient differed from the float64 gradient by up to 2.4e-3 of
  its norm, and at single pixels by 8e-3 of the largest entry.
- Losses over the steps. Adam divides each entry of the gradient by its own size, which amplifies
  small differences. The losses differed by 0.7 % of the total after two steps, and over fifty
  steps by 5 % in the mean and by 20 % at one step.
- End images of float32 are not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """Bounds of relative differences.

    Attributes:
        first_losses: For every loss at the first step, relative to that loss, or to a thousandth
            of the total if the loss is smaller.
        gradient: For the gradient at the same image, in the Euclidean norm.
        early_losses: For the content, style and total variation loss at each of the first three
            steps, relative to the total. They depend on Adam's first updates.
        mean_losses: For the mean of the same differences over all steps.
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
