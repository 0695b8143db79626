"""Content, style and total variation losses, as ``nst_core.backend.Objective`` defines them.

Each loss of a tap is a *head*: from the features it tells its loss, and what adds its gradient to
the one that flows down to them, part by part. The network knows nothing else of losses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from nst_core.backend import Losses, Objective
from nst_pytorch import statistics
from nst_pytorch.maps import FeatureMap, Place
from nst_pytorch.products import add_product, gram, mean_and_covariance, squared_distance
from nst_pytorch.statistics import StyleTarget
from nst_pytorch.workers import all_cores

Kind = Literal["content", "style"]

Addition = Callable[[Tensor, Place], None]
"""Given the gradient (rows, columns, C) of a part of the features, and the part's place in their
whole map, adds d(total)/d(features) to it in place."""


class Judged(NamedTuple):
    """What a head finds: its weighted loss (), and what adds its gradient.

    ``add`` reads the features again, of the same place only: a place may be overwritten after it.
    """

    loss: Tensor
    add: Addition


class Head(Protocol):
    """One loss at one tap.

    Attributes:
        kind: What it counts as.
        tap: Whose features it takes.
    """

    kind: Kind
    tap: str

    def __call__(self, features: FeatureMap) -> Judged:
        """Judge features, which stay as they are."""
        ...


class ContentHead:
    """weight * mean((features - target)^2), whose gradient is 2 * weight / N * (features - target).

    Args:
        tap: Whose features are compared.
        target: The content picture's, in a map like theirs.
        weight: Of the loss.
    """

    kind: Kind = "content"

    def __init__(self, tap: str, target: FeatureMap, *, weight: float) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight / (target.channels * target.pixels)

    def __call__(self, features: FeatureMap) -> Judged:
        """See ``Head``."""

        def add(gradient: Tensor, place: Place) -> None:
            difference = features.whole[place] - self.target.whole[place]
            gradient.add_(difference, alpha=2 * self.weight)

        return Judged(self.weight * squared_distance(features, self.target), add)


class StyleHead:
    """weight * mean((G - target)^2) with the Gram matrix G = F^T F / (C*H*W), F (H*W, C).

    Its gradient is F M with M = 4 * weight / (C^2 * C*H*W) * (G - target), since both matrices are
    symmetric: one product, added in place.

    Args:
        tap: Whose features are compared.
        target: The style picture's Gram matrix (C, C), or a blend of some.
        weight: Of the loss.
        counted: How often the loss counts in the total.
    """

    kind: Kind = "style"

    def __init__(self, tap: str, target: Tensor, *, weight: float, counted: float) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight / target.numel()
        self.counted = counted

    def __call__(self, features: FeatureMap) -> Judged:
        """See ``Head``."""
        difference = gram(features).sub_(self.target)
        loss = self.weight * difference.square().sum()
        scale = 4 * self.counted * self.weight / (features.channels * features.pixels)
        matrix = difference.mul_(scale)

        def add(gradient: Tensor, place: Place) -> None:
            add_product(gradient, features.whole[place], matrix)

        return Judged(loss, add)


class MomentsHead:
    """Any loss of the whole picture's Gram matrix, or of its mean m and covariance.

    That of these few numbers is differentiated by autograd; the features' gradient is then a
    product again, F M, or (F - m) M and for each pixel what comes of the mean.

    Args:
        tap: Whose features it takes.
        loss: From the Gram matrix, or mean and covariance, to the weighted loss ().
        centred: Whether it is of mean and covariance.
        counted: How often the loss counts in the total.
    """

    kind: Kind = "style"

    def __init__(
        self,
        tap: str,
        loss: Callable[[Sequence[Tensor]], Tensor],
        *,
        centred: bool,
        counted: float,
    ) -> None:
        self.tap = tap
        self.loss = loss
        self.centred = centred
        self.counted = counted

    def __call__(self, features: FeatureMap) -> Judged:
        """See ``Head``."""
        moments = mean_and_covariance(features) if self.centred else (gram(features),)
        with torch.enable_grad(), all_cores(features.whole.device):
            leaves = [moment.requires_grad_() for moment in moments]
            loss = self.loss(leaves)
            found = torch.autograd.grad(loss, leaves)
        # Of K = F^T F / n a gradient G gives F (G + G^T) / n.
        scale = self.counted / (features.pixels * (1 if self.centred else features.channels))
        matrix = scale * (found[-1] + found[-1].T)
        mean = moments[0].detach()

        def add(gradient: Tensor, place: Place) -> None:
            part = features.whole[place]
            if self.centred:
                gradient.add_(found[0], alpha=scale)
                part = part - mean
            add_product(gradient, part, matrix)

        return Judged(loss.detach(), add)


class DifferentiatedHead:
    """Any other loss of a tap's features, differentiated by autograd.

    Args:
        kind: What it counts as.
        tap: Whose features it takes.
        loss: From features (1, C, H, W) to the weighted loss ().
        counted: How often the loss counts in the total.
    """

    def __init__(
        self, kind: Kind, tap: str, loss: Callable[[Tensor], Tensor], *, counted: float = 1.0
    ) -> None:
        self.kind = kind
        self.tap = tap
        self.loss = loss
        self.counted = counted

    def __call__(self, features: FeatureMap) -> Judged:
        """See ``Head``."""
        with torch.enable_grad(), all_cores(features.whole.device):
            leaf = features.whole.detach().requires_grad_()
            loss = self.loss(replace(features, whole=leaf).image)
            (found,) = torch.autograd.grad(loss, leaf)

        def add(gradient: Tensor, place: Place) -> None:
            gradient.add_(found[place], alpha=self.counted)

        return Judged(loss.detach(), add)


@dataclass(frozen=True, slots=True)
class Targets:
    """What the image is compared with, by tap: features, and the styles' statistics."""

    content: Mapping[str, FeatureMap]
    style: Mapping[str, StyleTarget]


def heads_of(objective: Objective, targets: Targets) -> dict[str, list[Head]]:
    """Return tap -> its heads."""
    heads: dict[str, list[Head]] = {tap: [] for tap in objective.taps()}
    for tap, weight in objective.content.items():
        heads[tap].append(_content_head(tap, targets.content[tap], weight, objective))
    for tap, weight in objective.style.items():
        heads[tap].append(_style_head(tap, targets.style[tap], weight, objective))
    return heads


def _content_head(tap: str, target: FeatureMap, weight: float, objective: Objective) -> Head:
    if objective.content_distance == "mse":
        return ContentHead(tap, target, weight=weight)
    image = target.image.contiguous(memory_format=torch.channels_last)

    def loss(features: Tensor) -> Tensor:
        return weight * statistics.scaled_distance(features - image)

    return DifferentiatedHead("content", tap, loss)


def _style_head(tap: str, target: StyleTarget, weight: float, objective: Objective) -> Head:
    counted, whole = objective.style_counted, target[0].statistics
    if target[0].density is not None:

        def loss(features: Tensor) -> Tensor:
            return weight * statistics.guided_loss(features, target, objective)

        return DifferentiatedHead("style", tap, loss, counted=counted)
    if isinstance(whole, Tensor) and objective.style_distance == "mse":
        return StyleHead(tap, whole, weight=weight, counted=counted)

    def loss_of_moments(moments: Sequence[Tensor]) -> Tensor:
        return weight * statistics.style_distance(moments, whole, objective)

    centred = objective.style_statistics == "wasserstein"
    return MomentsHead(tap, loss_of_moments, centred=centred, counted=counted)


def total_variation(x: Tensor, gradient: Tensor, *, weight: float) -> Tensor:
    """Return the weighted loss () of ``x`` (1, 3, H, W); add its gradient to ``gradient``.

    Half the mean absolute vertical difference plus horizontal; d|a|/da is the sign of a.
    """
    loss = torch.zeros((), device=x.device, dtype=x.dtype)
    for axis in (2, 3):
        difference = x.diff(dim=axis)
        length, scale = difference.shape[axis], 0.5 * weight / difference.numel()
        loss += scale * functional.l1_loss(
            difference, torch.zeros_like(difference), reduction="sum"
        )
        sign = difference.sign_()
        gradient.narrow(axis, 1, length).add_(sign, alpha=scale)
        gradient.narrow(axis, 0, length).sub_(sign, alpha=scale)
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
