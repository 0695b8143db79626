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


class WeightedContentLoss(LossTerm):
    """Either content loss with a weight v for each pixel: the mean square, or scaled.

    The mean square is weight * sum(v D^2) / (C sum(v)). The scaled distance is weight * q / s with
    q = sum(v D^2) and s = sum(v |D|) + 1e-8. The gradients are those without weights, times v.

    Args:
        tap: The tap whose features are compared.
        target: The content picture's features, (1, C, H, W).
        weight: The weight of the loss.
        visibility: (1, 1, H, W), from 0 to 1, not 0 throughout.
        scaled: Whether the distance is scaled.
    """

    kind: Kind = "content"

    def __init__(
        self, tap: str, target: Tensor, *, weight: float, visibility: Tensor, scaled: bool
    ) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight
        self.visibility = visibility
        self.scaled = scaled
        self._mean_weight = weight / (target.shape[1] * float(visibility.asnumpy().sum(dtype="d")))

    @override
    def partial_sums(self, features: Tensor, rows: slice) -> PartialSums:
        difference = features - take_rows(self.target, rows)
        visibility = take_rows(self.visibility, rows)
        return [
            mx.np.sum(mx.np.square(difference) * visibility),
            mx.np.sum(mx.np.abs(difference) * visibility),
        ]

    @override
    def finish(self, sums: PartialSums) -> LossAndGradient:
        squared, absolute = sums
        if not self.scaled:
            return LossAndGradient(self._mean_weight * squared, self._gradient_of_mean)
        loss, (linear, constant) = scaled_distance(squared, absolute, self.weight)

        def gradient(features: Tensor, rows: slice) -> Tensor:
            difference = features - take_rows(self.target, rows)
            found = linear * difference - constant * mx.np.sign(difference)
            return found * take_rows(self.visibility, rows)

        return LossAndGradient(loss, gradient)

    def _gradient_of_mean(self, features: Tensor, rows: slice) -> Tensor:
        difference = features - take_rows(self.target, rows)
        return 2 * self._mean_weight * difference * take_rows(self.visibility, rows)
