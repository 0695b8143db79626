"""Content losses: the distance between the image's features and the content picture's."""

from __future__ import annotations

from typing_extensions import override

from nst_mxnet._framework import Tensor, mx
from nst_mxnet.loss_terms import Kind, LossAndGradient, LossTerm
from nst_mxnet.row_strips import take_rows
from nst_mxnet.statistics import PartialSums
from nst_mxnet.style_loss import scaled_distance


class ContentLoss(LossTerm):
    """weight * mean((features - target)^2), whose gradient is 2 * weight / N * (features - target).

    Args:
        tap: The tap whose features are compared.
        target: The content picture's features, (1, C, H, W).
        weight: The weight of the loss.
    """

    kind: Kind = "content"

    def __init__(self, tap: str, target: Tensor, *, weight: float) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight / target.size

    @override
    def partial_sums(self, features: Tensor, rows: slice) -> PartialSums:
        return [mx.np.sum(mx.np.square(features - take_rows(self.target, rows)))]

    @override
    def finish(self, sums: PartialSums) -> LossAndGradient:
        def gradient(features: Tensor, rows: slice) -> Tensor:
            difference = features - take_rows(self.target, rows)
            difference *= 2 * self.weight
            return difference

        return LossAndGradient(self.weight * sums[0], gradient)


class ScaledContentLoss(LossTerm):
    """weight * q / s of the differences D, with q = sum(D^2) and s = sum|D| + 1e-8.

    Its gradient is weight * (2 D / s - q / s^2 * sign(D)), whose L1 norm is about the weight.

    Args:
        tap: The tap whose features are compared.
        target: The content picture's features, (1, C, H, W).
        weight: The weight of the loss.
    """

    kind: Kind = "content"

    def __init__(self, tap: str, target: Tensor, *, weight: float) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight

    @override
    def partial_sums(self, features: Tensor, rows: slice) -> PartialSums:
        difference = features - take_rows(self.target, rows)
        return [mx.np.sum(mx.np.square(difference)), mx.np.sum(mx.np.abs(difference))]

    @override
    def finish(self, sums: PartialSums) -> LossAndGradient:
        loss, (linear, constant) = scaled_distance(sums[0], sums[1], self.weight)

        def gradient(features: Tensor, rows: slice) -> Tensor:
            difference = features - take_rows(self.target, rows)
            return linear * difference - constant * mx.np.sign(difference)

        return LossAndGradient(loss, gradient)
