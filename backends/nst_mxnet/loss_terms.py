"""What a loss term is: one loss at one tap, found strip by strip.

The network knows nothing else of losses. It gives a term the features in strips of rows:

1. ``partial_sums`` returns what each strip adds to the sums of all pixels.
2. ``finish`` returns the loss from these sums, and a function for its gradient.
3. That function returns the gradient with respect to the features, again strip by strip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol, TypeAlias

from nst_mxnet._framework import Tensor
from nst_mxnet.statistics import PartialSums

Kind = Literal["content", "style"]

Loss: TypeAlias = "Tensor | float"
"""A weighted loss: a scalar () still on the device, or one that was computed in NumPy."""

FeatureGradient = Callable[[Tensor, slice], Tensor]
"""From rows of the features (1, C, rows, W), and which rows they are, to the gradient of the total
loss with respect to them."""


class LossAndGradient(NamedTuple):
    """What a loss term finds from all features: its weighted loss, and its gradient by strips."""

    loss: Loss
    gradient: FeatureGradient


class ReportedLoss(Protocol):
    """What a loss is reported as.

    Attributes:
        kind: Whether it is a content or a style loss.
        tap: The tap whose features it takes; or the name of a joint loss.
    """

    kind: Kind
    tap: str


class LossTerm(ReportedLoss, Protocol):
    """One loss at one tap."""

    def partial_sums(self, features: Tensor, rows: slice) -> PartialSums:
        """Return the sums over some rows.

        Args:
            features: (1, C, rows, W); they are left as they are.
            rows: Which rows of the whole features these are.
        """
        ...

    def finish(self, sums: PartialSums) -> LossAndGradient:
        """Return loss and gradient from the sums over all rows."""
        ...


TermLosses = list[tuple[ReportedLoss, Loss]]
"""Losses, each with its weighted value."""
