"""The content loss of one tap."""

from __future__ import annotations

from typing_extensions import override

from nst_mxnet._framework import Tensor, mx
from nst_mxnet.loss_terms import Kind, LossAndGradient, LossTerm
from nst_mxnet.row_strips import take_rows
from nst_mxnet.statistics import PartialSums, scaled_distance


class ContentLoss(LossTerm):
    """The distance of the differences D = features - target: weight * mean(D^2), or ``scaled``.

    Args:
        tap: The tap whose features are compared.
        target: The content picture's features, (1, C, H, W).
        weight: Weight of the loss.
        scaled: Whether the distance is ``scaled``; see ``nst_core.backend.Objective``.
    """

    kind: Kind = "content"

    def __init__(self, tap: str, target: Tensor, *, weight: float, scaled: bool) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight
        self.scaled = scaled

    @override
    def partial_sums(self, features: Tensor, rows: slice) -> PartialSums:
        difference = features - take_rows(self.target, rows)
        found = [mx.np.sum(mx.np.square(difference))]
        return [*found, mx.np.sum(mx.np.abs(difference))] if self.scaled else found

    @override
    def finish(self, sums: PartialSums) -> LossAndGradient:
        if self.scaled:
            loss, (linear, constant) = scaled_distance(sums[0], sums[1], self.weight)
        else:
            scale = self.weight / self.target.size
            loss, linear = scale * sums[0], 2 * scale

        def gradient(features: Tensor, rows: slice) -> Tensor:
            difference = features - take_rows(self.target, rows)
            if self.scaled:
                return linear * difference - constant * mx.np.sign(difference)
            difference *= linear
            return difference

        return LossAndGradient(loss, gradient)
