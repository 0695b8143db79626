"""Losses that need the features of several taps together, between a forward and a backward pass.

A network gives the features to ``JointSums`` in its forward pass, whole or in parts. Before its
backward pass it asks for the losses, and for terms that add their gradients tap by tap.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nst_pytorch.feature_map import Features, Window
from nst_pytorch.loss_terms import GradientAdder, Kind, LossAndGradient, LossTerm, TermLosses


class MapLayout(NamedTuple):
    """The shape of the maps that gradients are added to.

    Attributes:
        pad: Rows of padding above the values and columns of padding before them.
        padded_size: (H', W').
    """

    pad: int
    padded_size: tuple[int, int]

    @classmethod
    def of(cls, features: Features) -> MapLayout:
        """Return the layout of a map."""
        return cls(features.pad_left, features.padded_size)


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
    def partial_sum(self, tap: str, part: Features, window: Window) -> Tensor:
        """Return what a part of a tap's features contributes; those of all parts are added.

        Args:
            tap: One of ``taps``.
            part: A part of the features.
            window: The window of the whole map that it lies in; ``ALL``, or without padding.
        """

    @abstractmethod
    def finish(
        self, sums: Mapping[str, Tensor], layouts: Mapping[str, MapLayout]
    ) -> tuple[Tensor, Mapping[str, GradientAdder]]:
        """Return the weighted loss (), and for each tap what adds its gradient.

        Args:
            sums: Tap -> the sum of all parts, which may be changed.
            layouts: Tap -> the shape of the maps that gradients are added to. The windows count
                this padding too.
        """


class GradientPart:
    """A term that only adds a gradient: the part of a joint loss at one tap; ``LossTerm``."""

    kind: Kind = "part"

    def __init__(self, tap: str, add_gradient: GradientAdder) -> None:
        self.tap = tap
        self.add_gradient = add_gradient

    def __call__(self, features: Features) -> LossAndGradient:
        """Return a loss of 0, since the joint loss is reported once."""
        zero = torch.zeros((), dtype=features.dtype, device=features.device)
        return LossAndGradient(zero, self.add_gradient)


class JointSums:
    """Collects the features of one forward pass for some joint losses.

    Args:
        losses: The losses.
    """

    def __init__(self, losses: Sequence[JointLoss]) -> None:
        self._losses = losses
        self._sums: dict[tuple[JointLoss, str], Tensor] = {}
        self._layouts: dict[str, MapLayout] = {}

    def add(self, tap: str, part: Features, window: Window) -> None:
        """Add a part of a tap's features: a ``loss_network.FeatureCallback``."""
        self._layouts[tap] = MapLayout.of(part)
        for loss in self._losses:
            if tap in loss.taps:
                found, before = loss.partial_sum(tap, part, window), self._sums.get((loss, tap))
                self._sums[loss, tap] = found if before is None else before.add_(found)

    def of(self, loss: JointLoss) -> dict[str, Tensor]:
        """Return tap -> sum of one loss; they are given away."""
        return {tap: self._sums.pop((loss, tap)) for tap in loss.taps}

    def finish(
        self, layouts: Mapping[str, MapLayout] | None = None
    ) -> tuple[TermLosses, dict[str, list[GradientPart]]]:
        """Return the losses, and tap -> the terms that add their gradients.

        Args:
            layouts: See ``JointLoss.finish``; by default those of the features.
        """
        losses: TermLosses = []
        parts: dict[str, list[GradientPart]] = {}
        for loss in self._losses:
            value, adders = loss.finish(self.of(loss), layouts or self._layouts)
            losses.append((loss, value))
            for tap, add_gradient in adders.items():
                parts.setdefault(tap, []).append(GradientPart(tap, add_gradient))
        return losses, parts


def with_parts(
    terms: Mapping[str, Sequence[LossTerm]], parts: Mapping[str, Sequence[LossTerm]]
) -> Mapping[str, Sequence[LossTerm]]:
    """Return tap -> the terms of both."""
    if not parts:
        return terms
    return {tap: [*terms.get(tap, ()), *parts.get(tap, ())] for tap in {**terms, **parts}}
