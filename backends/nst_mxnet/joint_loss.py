"""Losses that need the features of several taps together, between a forward and a backward pass.

A network gives the features to ``JointSums`` in its forward pass, strip by strip. Before its
backward pass it asks for the losses, and for the functions that return their gradients tap by tap.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from nst_mxnet._framework import Tensor
from nst_mxnet.loss_terms import FeatureGradient, Kind, TermLosses


class JointLoss(ABC):
    """One loss of the features at several taps.

    Attributes:
        kind: Whether it counts as a content or a style loss.
        tap: The name of the loss; see ``nst_core.backend.Objective.style_losses``.
        taps: The taps whose features it compares.
    """

    kind: Kind
    tap: str
    taps: tuple[str, ...]

    @abstractmethod
    def partial_sum(self, tap: str, features: Tensor, rows: slice) -> Tensor:
        """Return what some rows of a tap's features contribute; those of all rows are added.

        Args:
            tap: One of ``taps``.
            features: (1, C, rows, W); they are left as they are.
            rows: Which rows of the whole features these are.
        """

    @abstractmethod
    def finish(self, sums: Mapping[str, Tensor]) -> tuple[Tensor, Mapping[str, FeatureGradient]]:
        """Return the weighted loss (), and for each tap what returns its gradient.

        Args:
            sums: Tap -> the sum over all rows.
        """


class JointSums:
    """Collects the features of one forward pass for some joint losses.

    Args:
        losses: The losses.
    """

    def __init__(self, losses: Sequence[JointLoss]) -> None:
        self._losses = losses
        self._sums: dict[tuple[JointLoss, str], Tensor] = {}

    def add(self, tap: str, features: Tensor, rows: slice) -> None:
        """Add some rows of a tap's features: a ``loss_network.FeatureCallback``."""
        for loss in self._losses:
            if tap in loss.taps:
                found, before = loss.partial_sum(tap, features, rows), self._sums.get((loss, tap))
                self._sums[loss, tap] = found if before is None else before + found

    def of(self, loss: JointLoss) -> dict[str, Tensor]:
        """Return tap -> sum of one loss; they are given away."""
        return {tap: self._sums.pop((loss, tap)) for tap in loss.taps}

    def finish(self) -> tuple[TermLosses, dict[str, list[FeatureGradient]]]:
        """Return the losses, and tap -> the functions that return their gradients."""
        losses: TermLosses = []
        gradients: dict[str, list[FeatureGradient]] = {}
        for loss in self._losses:
            value, by_tap = loss.finish(self.of(loss))
            losses.append((loss, value))
            for tap, gradient in by_tap.items():
                gradients.setdefault(tap, []).append(gradient)
        return losses, gradients
