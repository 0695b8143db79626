"""Content losses: the distance between the image's features and the content picture's."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from nst_core.backend import SCALED_EPSILON
from nst_pytorch import reductions
from nst_pytorch.feature_map import FeatureMap, Features, Window, padded_like
from nst_pytorch.loss_terms import Kind, LossAndGradient, SeparableLoss


class ContentLoss(SeparableLoss):
    """weight * mean((features - target)^2), whose gradient is 2 * weight / N * (features - target).

    Args:
        tap: The tap whose features are compared.
        target: The content picture's features, in a map with the padding of the image's.
        weight: The weight of the loss.
    """

    kind: Kind = "content"

    def __init__(self, tap: str, target: FeatureMap, *, weight: float) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight / (target.channels * target.pixels)

    @override
    def partial_sums(self, part: Features, window: Window) -> Sequence[Tensor]:
        return [reductions.squared_distance(part, self.target.at(window))]

    @override
    def finish(self, sums: Sequence[Tensor], layout: Features) -> LossAndGradient:
        def add_gradient(gradient: Tensor, part: Tensor, window: Window) -> None:
            gradient.add_(part - self.target.padded[window], alpha=2 * self.weight)

        return LossAndGradient(self.weight * sums[0], add_gradient)


class ScaledContentLoss(SeparableLoss):
    """weight * q / s of the differences D, with q = sum(D^2) and s = sum|D| + 1e-8.

    Its gradient is weight * (2 D / s - q / s^2 * sign(D)), whose L1 norm is about the weight.

    Args:
        tap: The tap whose features are compared.
        target: The content picture's features, in a map with the padding of the image's.
        weight: The weight of the loss.
    """

    kind: Kind = "content"

    def __init__(self, tap: str, target: FeatureMap, *, weight: float) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight

    @override
    def partial_sums(self, part: Features, window: Window) -> Sequence[Tensor]:
        return reductions.absolute_and_squared_distance(part, self.target.at(window))

    @override
    def finish(self, sums: Sequence[Tensor], layout: Features) -> LossAndGradient:
        absolute, squared = sums
        size = absolute + SCALED_EPSILON
        linear, constant = 2 * self.weight / size, self.weight * squared / size**2

        def add_gradient(gradient: Tensor, part: Tensor, window: Window) -> None:
            difference = part - self.target.padded[window]
            gradient.addcmul_(difference, linear).addcmul_(difference.sign_(), constant, value=-1)

        return LossAndGradient(self.weight * squared / size, add_gradient)


class WeightedContentLoss(SeparableLoss):
    """Either content loss with a weight v for each pixel: the mean square, or scaled.

    The mean square is weight * sum(v D^2) / (C sum(v)). The scaled distance is weight * q / s with
    q = sum(v D^2) and s = sum(v |D|) + 1e-8. The gradients are those without weights, times v.

    Args:
        tap: The tap whose features are compared.
        target: The content picture's features, in a map with the padding of the image's.
        weight: The weight of the loss.
        visibility: (H, W, 1), from 0 to 1, not 0 throughout.
        scaled: Whether the distance is scaled.
    """

    kind: Kind = "content"

    def __init__(
        self, tap: str, target: FeatureMap, *, weight: float, visibility: FeatureMap, scaled: bool
    ) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight
        self.visibility = visibility
        self.scaled = scaled
        self._count = target.channels * visibility.interior.cpu().double().sum().item()

    @override
    def partial_sums(self, part: Features, window: Window) -> Sequence[Tensor]:
        return reductions.weighted_distance(
            part, self.target.at(window), self.visibility.at(window)
        )

    @override
    def finish(self, sums: Sequence[Tensor], layout: Features) -> LossAndGradient:
        absolute, squared = sums
        size = absolute + SCALED_EPSILON if self.scaled else torch.full_like(absolute, self._count)
        linear, constant = 2 * self.weight / size, self.weight * squared / size**2
        weights = padded_like(layout, self.visibility)

        def add_gradient(gradient: Tensor, part: Tensor, window: Window) -> None:
            difference = part - self.target.padded[window]
            by_difference = difference * linear
            if self.scaled:
                by_difference.sub_(difference.sign_() * constant)
            gradient.addcmul_(by_difference, weights[window])

        return LossAndGradient(self.weight * squared / size, add_gradient)
