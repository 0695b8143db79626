"""Content, style and total variation losses, as ``nst_core.backend.Objective`` defines them.

Each loss of a tap is a *head*: what it needs of the features adds up strip by strip; once it has
seen all of them it tells its loss, and what its gradient is, again strip by strip. The network
knows nothing else of losses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

import numpy as np

from nst_core.backend import Losses, Objective
from nst_mxnet._framework import Tensor, mx
from nst_mxnet.gaussian import Gaussian
from nst_mxnet.layout import like_array
from nst_mxnet.statistics import (
    RegionTarget,
    Shape,
    StyleTarget,
    Sums,
    gram_part,
    moments_part,
    scaled_distance,
)
from nst_mxnet.strips import part

Kind = Literal["content", "style"]

Loss: TypeAlias = "Tensor | float"
"""A weighted loss: a scalar () still on the device, or one that was computed in NumPy."""

Gradient = Callable[[Tensor, slice], Tensor]
"""From rows of the features (1, C, rows, W), and which they are, to d(total)/d(features) there."""


class Judged(NamedTuple):
    """What a head finds of all features: its weighted loss, and its gradient, part by part."""

    loss: Loss
    gradient: Gradient


class Head(Protocol):
    """One loss at one tap.

    Attributes:
        kind: What it counts as.
        tap: Whose features it takes.
    """

    kind: Kind
    tap: str

    def sums(self, features: Tensor, rows: slice) -> Sums:
        """Return what rows of the features (1, C, rows, W) come to."""
        ...

    def judge(self, sums: Sums) -> Judged:
        """Judge what all rows come to."""
        ...


class ContentHead:
    """The distance of D = features - target: weight * mean(D^2), or ``scaled``.

    Args:
        tap: Whose features are compared.
        target: The content picture's, (1, C, H, W).
        weight: Of the loss.
        scaled: Which distance it is.
    """

    kind: Kind = "content"

    def __init__(self, tap: str, target: Tensor, *, weight: float, scaled: bool) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight
        self.scaled = scaled

    def sums(self, features: Tensor, rows: slice) -> Sums:
        """See ``Head``."""
        difference = features - part(self.target, rows)
        found = [mx.np.sum(mx.np.square(difference))]
        return [*found, mx.np.sum(mx.np.abs(difference))] if self.scaled else found

    def judge(self, sums: Sums) -> Judged:
        """See ``Head``."""
        if self.scaled:
            loss, (straight, signed) = scaled_distance(sums[0], sums[1], self.weight)
        else:
            scale = self.weight / self.target.size
            loss, straight = scale * sums[0], 2 * scale

        def gradient(features: Tensor, rows: slice) -> Tensor:
            difference = features - part(self.target, rows)
            if self.scaled:
                return straight * difference - signed * mx.np.sign(difference)
            difference *= straight
            return difference

        return Judged(loss, gradient)


class _OfRegions:
    """What the heads of a style have in common.

    Args:
        tap: Whose features are compared.
        target: Statistics of the style picture, or of a blend of some, region by region.
        objective: Says which distance it is, and how often it counts in the total.
        shape: Of the features, (C, H, W).
    """

    kind: Kind = "style"

    def __init__(self, tap: str, target: StyleTarget, objective: Objective, shape: Shape) -> None:
        self.tap = tap
        self.target = target
        self.objective = objective
        self.shape = shape

    def _pixels(self, region: RegionTarget) -> int:
        """Return what a region's sums are divided by: a density's sum is 1."""
        return 1 if region.root is not None else math.prod(self.shape[1:])


class GramHead(_OfRegions):
    """The distance of Gram matrices K, region by region, and its gradient.

    Of K = F F^T / n a symmetric gradient G gives 2 G F / n; with a region's density d in place of
    1 / (H*W), each pixel's times d.
    """

    def sums(self, features: Tensor, rows: slice) -> Sums:
        """See ``Head``."""
        return [
            gram_part(features, shape=self.shape, root=region.root_of(rows))
            for region in self.target
        ]

    def judge(self, sums: Sums) -> Judged:
        """See ``Head``."""
        losses, matrices = [], []
        for region, gram in zip(self.target, sums, strict=True):
            weight = self.objective.style[self.tap] * region.area
            assert not isinstance(region.statistics, Gaussian), "all of them, or none"
            loss, matrix = self._compared(gram - region.statistics, weight)
            pixels = self._pixels(region)
            scale = 2 * self.objective.style_counted / (self.shape[0] * pixels)
            losses.append(loss)
            matrices.append(scale * matrix)

        def gradient(features: Tensor, rows: slice) -> Tensor:
            found = None
            for region, matrix in zip(self.target, matrices, strict=True):
                flowing = _times(matrix, features, region.root_of(rows))
                found = flowing if found is None else found + flowing
            return found

        return Judged(sum(losses[1:], losses[0]), gradient)

    def _compared(self, difference: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        """Return the weighted loss of two matrices' difference, and its gradient (C, C)."""
        squares = mx.np.sum(mx.np.square(difference))
        if self.objective.style_distance == "mse":
            scale = weight / difference.size
            return scale * squares, 2 * scale * difference
        channels = self.shape[0]
        magnitudes = mx.np.sum(mx.np.abs(difference))
        # Of D = C * difference.
        loss, (straight, signed) = scaled_distance(
            channels**2 * squares, channels * magnitudes, weight
        )
        straight = channels**2 * straight
        return loss, straight * difference - channels * signed * mx.np.sign(difference)


class GaussianHead(_OfRegions):
    """The 2-Wasserstein distance of normal distributions, region by region; see ``gaussian``.

    A gradient B of the covariance and one b of the mean m give d ((B + B^T) (f - m) + b) for a
    pixel f of density d.
    """

    def sums(self, features: Tensor, rows: slice) -> Sums:
        """See ``Head``."""
        return [
            moment
            for region in self.target
            for moment in moments_part(features, shape=self.shape, root=region.root_of(rows))
        ]

    def judge(self, sums: Sums) -> Judged:
        """See ``Head``."""
        total, by_region = 0.0, []
        for region, mean, second in zip(self.target, sums[::2], sums[1::2], strict=True):
            assert isinstance(region.statistics, Gaussian), "all of them, or none"
            weight = self.objective.style[self.tap] * region.area
            distance = region.statistics.distance(mean, second - np.outer(mean, mean))
            total += weight * distance.value
            pixels = self._pixels(region)
            scale = self.objective.style_counted * weight / pixels
            by_features = scale * (distance.by_covariance + distance.by_covariance.T)
            at_zero = scale * distance.by_mean.ravel() - by_features @ mean
            by_region.append((by_features, at_zero.reshape(1, -1, 1, 1)))

        def gradient(features: Tensor, rows: slice) -> Tensor:
            found = None
            for region, (by_features, at_zero) in zip(self.target, by_region, strict=True):
                root = region.root_of(rows)
                flowing = _times(like_array(by_features, features), features, None)
                flowing = flowing + like_array(at_zero, features)
                flowing = flowing if root is None else flowing * mx.np.square(root)
                found = flowing if found is None else found + flowing
            return found

        return Judged(total, gradient)


def _times(matrix: Tensor, features: Tensor, root: Tensor | None) -> Tensor:
    """Return matrix (C, C) times features (1, C, H, W), each pixel times the square of ``root``."""
    channels = features.shape[1]
    # As a convolution it takes and leaves features in oneDNN's layout, without a copy.
    found = mx.npx.convolution(
        features,
        mx.np.reshape(matrix, (channels, channels, 1, 1)),
        kernel=(1, 1),
        num_filter=channels,
        no_bias=True,
    )
    return found if root is None else found * mx.np.square(root)


@dataclass(frozen=True, slots=True)
class Targets:
    """What the image is compared with, by tap: features, and the styles' statistics."""

    content: Mapping[str, Tensor]
    style: Mapping[str, StyleTarget]


def heads_of(
    objective: Objective, targets: Targets, shapes: Mapping[str, Shape]
) -> dict[str, list[Head]]:
    """Return tap -> its heads; ``shapes`` are those of the features, (C, H, W)."""
    heads: dict[str, list[Head]] = {tap: [] for tap in objective.taps()}
    scaled = objective.content_distance == "scaled"
    for tap, weight in objective.content.items():
        heads[tap].append(ContentHead(tap, targets.content[tap], weight=weight, scaled=scaled))
    style = GaussianHead if objective.style_statistics == "wasserstein" else GramHead
    for tap in objective.style:
        heads[tap].append(style(tap, targets.style[tap], objective, shapes[tap]))
    return heads


def total_variation(x: Tensor, *, weight: float) -> tuple[Tensor, Tensor]:
    """Return the weighted loss () of ``x`` (1, 3, H, W), and its gradient.

    Half the mean absolute vertical difference plus horizontal; d|a|/da is the sign of a.
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
    """The weighted losses of one evaluation, by tap; most are scalars still on the device.

    The style's count ``style_counted`` times in the total.
    """

    content: Mapping[str, Loss]
    style: Mapping[str, Loss]
    total_variation: Loss
    style_counted: float

    @classmethod
    def of(
        cls, found: Iterable[tuple[Head, Loss]], *, total_variation: Tensor, objective: Objective
    ) -> WeightedLosses:
        """Sort what the heads found, in whatever order."""
        by_kind = {(head.kind, head.tap): loss for head, loss in found}
        return cls(
            {tap: by_kind["content", tap] for tap in objective.content},
            {tap: by_kind["style", tap] for tap in objective.style},
            total_variation,
            objective.style_counted,
        )

    def read(self) -> Losses:
        """Wait for the values and bring them over."""
        content = _read(self.content)
        style = _read(self.style)
        variation = float(self.total_variation)
        counted = self.style_counted * math.fsum(style.values())
        return Losses(
            content=content,
            style=style,
            total_variation=variation,
            total=math.fsum((*content.values(), counted, variation)),
        )


def _read(losses: Mapping[str, Loss]) -> dict[str, float]:
    return {tap: float(loss) for tap, loss in losses.items()}
