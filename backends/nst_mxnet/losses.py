"""Content, style and total variation losses, as ``nst_core.backend.Objective`` defines them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nst_core.backend import Losses, Objective
from nst_mxnet._framework import Tensor, mx
from nst_mxnet.content_loss import ContentLoss, ScaledContentLoss, WeightedContentLoss
from nst_mxnet.loss_terms import Loss, LossTerm, TermLosses
from nst_mxnet.statistics import Shape, StyleTarget
from nst_mxnet.style_loss import GramLoss, SlicedLoss, WassersteinLoss

STYLE_LOSSES: Mapping[str, Callable[[str, StyleTarget, Objective, Shape], LossTerm]] = {
    "gram": GramLoss,
    "wasserstein": WassersteinLoss,
    "sliced-wasserstein": SlicedLoss,
}
"""Statistics -> the loss that compares them."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What the image is compared with, by tap: features, and the styles' statistics.

    Attributes:
        content: Tap -> the content picture's features.
        style: Tap -> the styles' statistics.
        visibility: Content tap -> how much each pixel counts, (1, 1, H, W); empty if all count
            alike.
    """

    content: Mapping[str, Tensor]
    style: Mapping[str, StyleTarget]
    visibility: Mapping[str, Tensor] = field(default_factory=dict)


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
    for tap, weight in objective.content.items():
        terms[tap].append(_content_loss(tap, targets, weight, objective))
    style_loss = STYLE_LOSSES[objective.style_statistics]
    for tap in objective.style:
        terms[tap].append(style_loss(tap, targets.style[tap], objective, shapes[tap]))
    return terms


def _content_loss(tap: str, targets: Targets, weight: float, objective: Objective) -> LossTerm:
    target, visibility = targets.content[tap], targets.visibility.get(tap)
    scaled = objective.content_distance == "scaled"
    if visibility is not None:
        return WeightedContentLoss(tap, target, weight=weight, visibility=visibility, scaled=scaled)
    return (ScaledContentLoss if scaled else ContentLoss)(tap, target, weight=weight)


def total_variation(
    x: Tensor, *, weight: float, weights: tuple[Tensor, Tensor] | None = None
) -> tuple[Tensor, Tensor]:
    """Return the weighted loss () of ``x`` (1, 3, H, W), and its gradient.

    The loss is half of the sum of two means: of the absolute vertical and of the absolute
    horizontal differences. d|a|/da is the sign of a.

    Args:
        x: The normalised image.
        weight: The weight of the loss.
        weights: The weights of the vertical (1, 1, H - 1, W) and of the horizontal differences
            (1, 1, H, W - 1) in these means, of sum 1; None if all count alike.
    """
    losses, gradient = [], mx.np.zeros_like(x)
    vertical = x[:, :, 1:, :] - x[:, :, :-1, :]
    horizontal = x[:, :, :, 1:] - x[:, :, :, :-1]
    signs = []
    for number, difference in enumerate((vertical, horizontal)):
        if weights is None:
            scale = 0.5 * weight / difference.size
            losses.append(scale * mx.np.sum(mx.np.abs(difference)))
            signs.append(scale * mx.np.sign(difference))
        else:
            scale, own = 0.5 * weight / x.shape[1], weights[number]
            losses.append(scale * mx.np.sum(mx.np.abs(difference) * own))
            signs.append(scale * mx.np.sign(difference) * own)
    gradient[:, :, 1:, :] += signs[0]
    gradient[:, :, :-1, :] -= signs[0]
    gradient[:, :, :, 1:] += signs[1]
    gradient[:, :, :, :-1] -= signs[1]
    return losses[0] + losses[1], gradient


@dataclass(frozen=True, slots=True)
class WeightedLosses:
    """The weighted losses of one evaluation; most are scalars () still on the device.

    Attributes:
        content: Tap -> loss.
        style: Name -> loss, each once: see ``Objective.style_losses``.
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
            {name: by_kind["style", name] for name in objective.style_losses()},
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
