"""Content, style and total variation losses, as ``nst_core.backend.Objective`` defines them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nst_core.backend import Losses, Objective
from nst_pytorch import statistics
from nst_pytorch.heads import (
    ContentHead,
    Head,
    Measuring,
    MomentsHead,
    Part,
    ScaledContentHead,
    StyleHead,
)
from nst_pytorch.maps import FeatureMap
from nst_pytorch.statistics import RegionTarget, StyleTarget

_PART = 1 << 16
"""Values of an image that a CPU takes at a time, so that no copies of the whole are made."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What the image is compared with, by tap: features, and the styles' statistics."""

    content: Mapping[str, FeatureMap]
    style: Mapping[str, StyleTarget]


def heads_of(objective: Objective, targets: Targets) -> dict[str, list[Measuring]]:
    """Return tap -> its heads."""
    heads: dict[str, list[Measuring]] = {tap: [] for tap in objective.taps()}
    for tap, weight in objective.content.items():
        heads[tap].append(_content_head(tap, targets.content[tap], weight, objective))
    for tap, weight in objective.style.items():
        heads[tap].append(_style_head(tap, targets.style[tap], weight, objective))
    return heads


def _content_head(tap: str, target: FeatureMap, weight: float, objective: Objective) -> Measuring:
    if objective.content_distance == "scaled":
        return ScaledContentHead(tap, target, weight=weight)
    return ContentHead(tap, target, weight=weight)


def _style_head(tap: str, target: StyleTarget, weight: float, objective: Objective) -> Measuring:
    counted, region = objective.style_counted, target[0]
    plain = region.density is None and objective.style_distance == "mse"
    if plain and isinstance(region.statistics, Tensor):
        return StyleHead(tap, region.statistics, weight=weight, counted=counted)

    def part(region: RegionTarget) -> Part:
        def loss(moments: Sequence[Tensor]) -> Tensor:
            distance = statistics.style_distance(moments, region.statistics, objective)
            return weight * region.area * distance

        return Part(loss, region.density)

    centred = objective.style_statistics == "wasserstein"
    return MomentsHead(tap, [part(one) for one in target], centred=centred, counted=counted)


def total_variation(x: Tensor, gradient: Tensor, *, weight: float) -> Tensor:
    """Return the weighted loss () of ``x`` (1, 3, H, W); add its gradient to ``gradient``.

    Half the mean absolute vertical difference plus horizontal; d|a|/da is the sign of a.
    """
    _, channels, height, width = x.shape
    vertical = 0.5 * weight / (channels * (height - 1) * width)
    horizontal = 0.5 * weight / (channels * height * (width - 1))
    rows = max(1, _PART // (channels * width)) if x.device.type == "cpu" else height
    loss = torch.zeros((), device=x.device, dtype=x.dtype)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        loss += _variation(x, gradient, top, count, axis=3, scale=horizontal)
        # One row more: its difference from the row before is no other part's.
        count = min(rows + 1, height - top)
        loss += _variation(x, gradient, top, count, axis=2, scale=vertical)
    return loss


def _variation(
    x: Tensor, gradient: Tensor, top: int, count: int, *, axis: int, scale: float
) -> Tensor:
    difference = x.narrow(2, top, count).diff(dim=axis)
    loss = scale * difference.abs().sum()
    part, length, sign = gradient.narrow(2, top, count), difference.shape[axis], difference.sign_()
    part.narrow(axis, 1, length).add_(sign, alpha=scale)
    part.narrow(axis, 0, length).sub_(sign, alpha=scale)
    return loss


@dataclass(frozen=True, slots=True)
class WeightedLosses:
    """The weighted losses of one evaluation, as scalars still on the device."""

    content: Mapping[str, Tensor]
    style: Mapping[str, Tensor]
    total_variation: Tensor
    total: Tensor

    @classmethod
    def of(
        cls,
        found: Iterable[tuple[Head, Tensor]],
        *,
        total_variation: Tensor,
        objective: Objective,
    ) -> WeightedLosses:
        """Sort what the heads found, in whatever order, and add it up."""
        by_kind = {(head.kind, head.tap): loss for head, loss in found}
        content = {tap: by_kind["content", tap] for tap in objective.content}
        style = {tap: by_kind["style", tap] for tap in objective.style}
        counted = [objective.style_counted * loss for loss in style.values()]
        total = torch.stack([*content.values(), *counted, total_variation]).sum()
        return cls(content, style, total_variation, total)

    def scalars(self) -> Sequence[Tensor]:
        """Return all values, content, style, total variation, total."""
        return [*self.content.values(), *self.style.values(), self.total_variation, self.total]

    def read(self) -> Losses:
        """Wait for the values and bring them over in one transfer."""
        values = iter(torch.stack(list(self.scalars())).tolist())
        return Losses(
            content={tap: next(values) for tap in self.content},
            style={tap: next(values) for tap in self.style},
            total_variation=next(values),
            total=next(values),
        )
