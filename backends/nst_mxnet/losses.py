"""Content, style and total variation losses, as ``nst_core.backend.Objective`` defines them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nst_core.backend import Losses, Objective
from nst_mxnet._framework import Tensor, mx
from nst_mxnet.content_loss import ContentLoss, ScaledContentLoss
from nst_mxnet.loss_terms import Loss, LossTerm, TermLosses
from nst_mxnet.statistics import Shape, StyleTarget
from nst_mxnet.style_loss import GramLoss, WassersteinLoss


@dataclass(frozen=True, slots=True)
class Targets:
    """What the image is compared with, by tap: features, and the styles' statistics."""

    content: Mapping[str, Tensor]
    style: Mapping[str, StyleTarget]


def loss_terms(
    objective: Objective, targets: Targets, shapes: Mapping[str, Shape]
) -> dict[str, list[LossTerm]]:
    """Return tap -> its loss terms.

    Args:
        objective: What is minimised.
        targets: What the image is compared with.
        shapes: Tap -> shape of the image's features, (C, H, W).
    """
    terms: dict[str, list[LossTerm]] = {tap: [] for tap in objective.taps()}
    content_loss = ScaledContentLoss if objective.content_distance == "scaled" else ContentLoss
    for tap, weight in objective.content.items():
        terms[tap].append(content_loss(tap, targets.content[tap], weight=weight))
    style_loss = WassersteinLoss if objective.style_statistics == "wasserstein" else GramLoss
    for tap in objective.style:
        terms[tap].append(style_loss(tap, targets.style[tap], objective, shapes[tap]))
    return terms


def total_variation(x: Tensor, *, weight: float) -> tuple[Tensor, Tensor]:
    """Return the weighted loss () of ``x`` (1, 3, H, W), and its gradient.

    The loss is half of the sum of two means: of the absolute vertical and of the absolute
    horizontal differences. d|a|/da is the sign of a.
    """
    losses, gradient = [], mx.np.zeros_like(x)
    vertical = x[:, :, 1:, :] - x[:, :, :-1, :]
    horizontal = x[:, :, :, 1:] - x[:, :, :, :-1]
    for difference in (vertical, horizontal):
        losses.append(0.5 * weight / difference.size * mx.np.sum(mx.np.abs(difference)))
    sign = 0.5 * weight / vertical.size * mx.np.sign(vertical)
    gradient[:, :, 1:, :] += sign
    gradient[:, :, :-1, :] -= sign
    sign = 0.5 * weight / horizontal.size * mx.np.sign(horizontal)
    gradient[:, :, :, 1:] += sign
    gradient[:, :, :, :-1] -= sign
    return losses[0] + losses[1], gradient


@dataclass(frozen=True, slots=True)
class WeightedLosses:
    """The weighted losses of one evaluation; most are scalars () still on the device.

    Attributes:
        content: Tap -> loss.
        style: Tap -> loss, each once.
        total_variation: Loss.
        multiplicity: How many times the style losses count in the total.
    """

    content: Mapping[str, Loss]
    style: Mapping[str, Loss]
    total_variation: Loss
    multiplicity: float

    @classmethod
    def from_terms(
        cls, losses: TermLosses, *, total_variation: Tensor, objective: Objective
    ) -> WeightedLosses:
        """Sort the losses of the terms, which may come in any order."""
        by_kind = {(term.kind, term.tap): loss for term, loss in losses}
        return cls(
            {tap: by_kind["content", tap] for tap in objective.content},
            {tap: by_kind["style", tap] for tap in objective.style},
            total_variation,
            objective.style_multiplicity,
        )

    def read(self) -> Losses:
        """Wait for the values and read them."""
        content = _read(self.content)
        style = _read(self.style)
        variation = float(self.total_variation)
        counted = self.multiplicity * math.fsum(style.values())
        return Losses(
            content=content,
            style=style,
            total_variation=variation,
            total=math.fsum((*content.values(), counted, variation)),
        )


def _read(losses: Mapping[str, Loss]) -> dict[str, float]:
    return {tap: float(loss) for tap, loss in losses.items()}
