"""Content losses: the distance between the image's features and the content picture's."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from typing_extensions import override

from nst_core.backend import SCALED_EPSILON
from nst_pytorch import reductions
from nst_pytorch.feature_map import FeatureMap, Features, Window
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
