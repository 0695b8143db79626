"""Content, style and total variation losses, as ``nst_core.backend.Objective`` defines them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nst_core.backend import Losses, Objective
from nst_core.backend.slicing import directions
from nst_pytorch.content_loss import ContentLoss, ScaledContentLoss, WeightedContentLoss
from nst_pytorch.feature_map import FeatureMap
from nst_pytorch.loss_terms import ReportedLoss, SeparableLoss
from nst_pytorch.sliced import SlicedLoss, SlicedRegion
from nst_pytorch.statistics import RegionTarget, StyleTarget
from nst_pytorch.style_loss import GramLoss, RegionLoss, StatisticsLoss, style_distance

CHUNK_SIZE = 1 << 16
"""Values of an image that the CPU takes at a time, so that the whole image is never copied."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What the image is compared with, by tap: features, and the styles' statistics.

    Attributes:
        content: Tap -> the content picture's features.
        style: Tap -> the styles' statistics.
        visibility: Content tap -> how much each pixel counts, (H, W, 1); empty if all count alike.
    """

    content: Mapping[str, FeatureMap]
    style: Mapping[str, StyleTarget]
    visibility: Mapping[str, FeatureMap] = field(default_factory=dict)


def loss_terms(objective: Objective, targets: Targets) -> dict[str, list[SeparableLoss]]:
    """Return tap -> its loss terms."""
    terms: dict[str, list[SeparableLoss]] = {tap: [] for tap in objective.taps()}
    for tap, weight in objective.content.items():
        terms[tap].append(_content_loss(tap, targets, weight, objective))
    for tap, weight in objective.style.items():
        terms[tap].append(_style_loss(tap, targets.style[tap], weight, objective))
    return terms


def _content_loss(tap: str, targets: Targets, weight: float, objective: Objective) -> SeparableLoss:
    target, visibility = targets.content[tap], targets.visibility.get(tap)
    scaled = objective.content_distance == "scaled"
    if visibility is not None:
        return WeightedContentLoss(tap, target, weight=weight, visibility=visibility, scaled=scaled)
    if scaled:
        return ScaledContentLoss(tap, target, weight=weight)
    return ContentLoss(tap, target, weight=weight)


def _style_loss(
    tap: str, target: StyleTarget, weight: float, objective: Objective
) -> SeparableLoss:
    if objective.style_statistics == "sliced-wasserstein":
        return _sliced_loss(tap, target, weight, objective)
    multiplicity, first = objective.style_multiplicity, target[0]
    plain = first.density is None and objective.style_distance == "mse"
    if plain and isinstance(first.statistics, Tensor):
        return GramLoss(tap, first.statistics, weight=weight, multiplicity=multiplicity)

    def region_loss(region: RegionTarget) -> RegionLoss:
        def loss(moments: Sequence[Tensor]) -> Tensor:
            distance = style_distance(moments, region.statistics, objective)
            return weight * region.area * distance

        return RegionLoss(loss, region.density)

    regions = [region_loss(region) for region in target]
    centred = objective.style_statistics == "wasserstein"
    return StatisticsLoss(tap, regions, centred=centred, multiplicity=multiplicity)


def _sliced_loss(tap: str, target: StyleTarget, weight: float, objective: Objective) -> SlicedLoss:
    regions = []
    for region in target:
        assert isinstance(region.statistics, Tensor), "one kind for all regions"
        regions.append(SlicedRegion(weight * region.area, region.statistics, region.density))
    like = regions[0].quantiles
    drawn = directions(tap, count=objective.projections, seed=objective.projection_seed)
    return SlicedLoss(
        tap,
        regions,
        directions=torch.tensor(drawn, dtype=like.dtype, device=like.device),
        multiplicity=objective.style_multiplicity,
    )


def total_variation(
    x: Tensor,
    gradient: Tensor,
    *,
    weight: float,
    weights: tuple[Tensor, Tensor] | None = None,
    chunk_size: int = CHUNK_SIZE,
) -> Tensor:
    """Return the weighted loss () of ``x`` (1, 3, H, W); add its gradient to ``gradient``.

    The loss is half of the sum of two means: of the absolute vertical and of the absolute
    horizontal differences. d|a|/da is the sign of a.

    Args:
        x: The normalised image.
        gradient: (1, 3, H, W), changed in place.
        weight: The weight of the loss.
        weights: The weights of the vertical (H - 1, W) and of the horizontal differences
            (H, W - 1) in these means, of sum 1; None if all count alike.
        chunk_size: How many values the CPU takes at a time; a GPU takes all.
    """
    _, channels, height, width = x.shape
    vertical = 0.5 * weight / (channels * (height - 1) * width)
    horizontal = 0.5 * weight / (channels * height * (width - 1))
    between_rows = between_columns = None
    if weights is not None:
        vertical = horizontal = 0.5 * weight / channels
        between_rows, between_columns = weights
    rows = max(1, chunk_size // (channels * width)) if x.device.type == "cpu" else height
    loss = torch.zeros((), device=x.device, dtype=x.dtype)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        loss += _variation(
            x, gradient, top, count, axis=3, scale=horizontal, weights=between_columns
        )
        # One more row: its difference from the row before belongs to this chunk alone.
        count = min(rows + 1, height - top)
        loss += _variation(x, gradient, top, count, axis=2, scale=vertical, weights=between_rows)
    return loss


def _variation(
    x: Tensor,
    gradient: Tensor,
    top: int,
    count: int,
    *,
    axis: int,
    scale: float,
    weights: Tensor | None,
) -> Tensor:
    difference = x.narrow(2, top, count).diff(dim=axis)
    part, length = gradient.narrow(2, top, count), difference.shape[axis]
    if weights is None:
        loss, sign = scale * difference.abs().sum(), difference.sign_()
    else:
        own = weights.narrow(0, top, difference.shape[2])
        loss, sign = scale * (difference.abs() * own).sum(), difference.sign_().mul_(own)
    part.narrow(axis, 1, length).add_(sign, alpha=scale)
    part.narrow(axis, 0, length).sub_(sign, alpha=scale)
    return loss


@dataclass(frozen=True, slots=True)
class WeightedLosses:
    """The weighted losses of one evaluation, as scalars still on the device.

    Attributes:
        content: Tap -> loss ().
        style: Name -> loss (), each once: see ``Objective.style_losses``.
        total_variation: ().
        total: (), with the style losses counted ``Objective.style_multiplicity`` times.
    """

    content: Mapping[str, Tensor]
    style: Mapping[str, Tensor]
    total_variation: Tensor
    total: Tensor

    @classmethod
    def from_terms(
        cls,
        losses: Iterable[tuple[ReportedLoss, Tensor]],
        *,
        total_variation: Tensor,
        objective: Objective,
    ) -> WeightedLosses:
        """Sort the losses of the terms, which may come in any order, and add them up."""
        by_kind = {(term.kind, term.tap): loss for term, loss in losses}
        content = {tap: by_kind["content", tap] for tap in objective.content}
        style = {name: by_kind["style", name] for name in objective.style_losses()}
        counted = [objective.style_multiplicity * loss for loss in style.values()]
        total = torch.stack([*content.values(), *counted, total_variation]).sum()
        return cls(content, style, total_variation, total)

    def scalars(self) -> Sequence[Tensor]:
        """Return all values: content, style, total variation, total."""
        return [*self.content.values(), *self.style.values(), self.total_variation, self.total]

    def read(self) -> Losses:
        """Wait for the values and read them in one transfer."""
        values = iter(torch.stack(list(self.scalars())).tolist())
        return Losses(
            content={tap: next(values) for tap in self.content},
            style={name: next(values) for name in self.style},
            total_variation=next(values),
            total=next(values),
        )
