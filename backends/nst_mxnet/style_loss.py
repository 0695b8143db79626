"""Style losses: the distance between the statistics of the image's features and the styles'."""

from __future__ import annotations

import math

import numpy as np
from typing_extensions import override

from nst_core.arrays import Array
from nst_core.backend import SCALED_EPSILON, Objective
from nst_mxnet._framework import Tensor, mx
from nst_mxnet.layout import like_array
from nst_mxnet.loss_terms import Kind, LossAndGradient, LossTerm
from nst_mxnet.sliced import Projections, Quantiles, project
from nst_mxnet.statistics import (
    PartialSums,
    RegionTarget,
    Shape,
    StyleTarget,
    gram_of_rows,
    moments_of_rows,
)
from nst_mxnet.wasserstein import Gaussian


def scaled_distance(squares: Tensor, magnitudes: Tensor, weight: float) -> tuple[Tensor, Tensor]:
    """Return the weighted distance sum(D^2) / (sum|D| + 1e-8) and two factors of its gradient.

    The gradient is the first factor times D minus the second times sign(D). Without the weight its
    L1 norm is about 1.

    Args:
        squares: (), sum(D^2).
        magnitudes: (), sum|D|.
        weight: Weight of the loss; distance and factors are multiplied by it.
    """
    over = magnitudes + SCALED_EPSILON
    value = squares / over
    return weight * value, (2 * weight / over, weight * value / over)


class _StyleLoss(LossTerm):
    """What both style losses have in common: the loss is a sum over the regions.

    Args:
        tap: The tap whose features are compared.
        target: Statistics of the style picture, or of a blend of several, region by region.
        objective: Which distance it is, its weight, and how often it counts in the total.
        shape: Shape of the features, (C, H, W).
    """

    kind: Kind = "style"

    def __init__(self, tap: str, target: StyleTarget, objective: Objective, shape: Shape) -> None:
        self.tap = tap
        self.target = target
        self.objective = objective
        self.shape = shape

    def _pixels(self, region: RegionTarget) -> int:
        """Return by what a region's sums are divided: the sum of a density is 1."""
        return 1 if region.root is not None else math.prod(self.shape[1:])


class GramLoss(_StyleLoss):
    """The distance of the Gram matrices G = F F^T / n, and its gradient.

    G is symmetric, so a gradient dG with respect to G gives 2 dG F / n with respect to F. With a
    region's density d in place of 1 / (H*W), each pixel's gradient is multiplied by d.
    """

    @override
    def partial_sums(self, features: Tensor, rows: slice) -> PartialSums:
        return [
            gram_of_rows(features, shape=self.shape, root=region.root_of(rows))
            for region in self.target
        ]

    @override
    def finish(self, sums: PartialSums) -> LossAndGradient:
        losses, matrices = [], []
        for region, gram in zip(self.target, sums, strict=True):
            weight = self.objective.style[self.tap] * region.area
            assert not isinstance(region.statistics, Gaussian | Quantiles), "one kind for all"
            loss, matrix = self._distance(gram - region.statistics, weight)
            pixels = self._pixels(region)
            scale = 2 * self.objective.style_multiplicity / (self.shape[0] * pixels)
            losses.append(loss)
            matrices.append(scale * matrix)

        def gradient(features: Tensor, rows: slice) -> Tensor:
            found = None
            for region, matrix in zip(self.target, matrices, strict=True):
                of_region = _multiply(matrix, features, region.root_of(rows))
                found = of_region if found is None else found + of_region
            return found

        return LossAndGradient(sum(losses[1:], losses[0]), gradient)

    def _distance(self, difference: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        """Return the weighted loss of two matrices' difference, and its gradient (C, C)."""
        squares = mx.np.sum(mx.np.square(difference))
        if self.objective.style_distance == "mse":
            scale = weight / difference.size
            return scale * squares, 2 * scale * difference
        channels = self.shape[0]
        magnitudes = mx.np.sum(mx.np.abs(difference))
        # The distance is that of D = C * difference.
        loss, (linear, constant) = scaled_distance(
            channels**2 * squares, channels * magnitudes, weight
        )
        linear = channels**2 * linear
        return loss, linear * difference - channels * constant * mx.np.sign(difference)


class WassersteinLoss(_StyleLoss):
    """The 2-Wasserstein distance of normal distributions, region by region; see ``wasserstein``.

    A gradient dK with respect to the covariance and dm with respect to the mean m give
    d ((dK + dK^T) (f - m) + dm) for a pixel f of density d.
    """

    @override
    def partial_sums(self, features: Tensor, rows: slice) -> PartialSums:
        return [
            moment
            for region in self.target
            for moment in moments_of_rows(features, shape=self.shape, root=region.root_of(rows))
        ]

    @override
    def finish(self, sums: PartialSums) -> LossAndGradient:
        total, by_region = 0.0, []
        for region, mean, second in zip(self.target, sums[::2], sums[1::2], strict=True):
            assert isinstance(region.statistics, Gaussian), "one kind for all regions"
            weight = self.objective.style[self.tap] * region.area
            distance = region.statistics.distance(mean, second - np.outer(mean, mean))
            total += weight * distance.value
            pixels = self._pixels(region)
            scale = self.objective.style_multiplicity * weight / pixels
            matrix = scale * (distance.by_covariance + distance.by_covariance.T)
            at_zero = scale * distance.by_mean.ravel() - matrix @ mean
            by_region.append((matrix, at_zero.reshape(1, -1, 1, 1)))

        def gradient(features: Tensor, rows: slice) -> Tensor:
            found = None
            for region, (matrix, at_zero) in zip(self.target, by_region, strict=True):
                root = region.root_of(rows)
                of_region = _multiply(like_array(matrix, features), features, None)
                of_region = of_region + like_array(at_zero, features)
                of_region = of_region if root is None else of_region * mx.np.square(root)
                found = of_region if found is None else found + of_region
            return found

        return LossAndGradient(total, gradient)


class SlicedLoss(_StyleLoss):
    """The sliced Wasserstein distance, region by region; see ``sliced``.

    The gradient with respect to a pixel's features is the sum of the gradients with respect to its
    projections times the directions.
    """

    @property
    def _directions(self) -> Array:
        first = self.target[0].statistics
        assert isinstance(first, Quantiles), "one kind for all regions"
        return first.directions

    @override
    def partial_sums(self, features: Tensor, rows: slice) -> PartialSums:
        return [Projections([project(features, self._directions)])]

    @override
    def finish(self, sums: PartialSums) -> LossAndGradient:
        projections: Projections = sums[0]
        whole = projections.whole()
        values = whole.reshape(len(whole), -1)
        total, slopes = 0.0, np.zeros(values.shape)
        for region in self.target:
            assert isinstance(region.statistics, Quantiles), "one kind for all regions"
            weight = self.objective.style[self.tap] * region.area
            density = None if region.density is None else region.density.ravel()
            distance, its_slopes = region.statistics.distance(values, density)
            total += weight * distance
            slopes += self.objective.style_multiplicity * weight * its_slopes
        slopes = slopes.reshape(whole.shape)
        channels, backwards = self.shape[0], self._directions.T[:, :, None, None]

        def gradient(features: Tensor, rows: slice) -> Tensor:
            return mx.npx.convolution(
                like_array(slopes[None, :, rows], features),
                like_array(backwards, features),
                kernel=(1, 1),
                num_filter=channels,
                no_bias=True,
            )

        return LossAndGradient(total, gradient)


def _multiply(matrix: Tensor, features: Tensor, root: Tensor | None) -> Tensor:
    """Return matrix (C, C) times features (1, C, H, W), each pixel times the square of ``root``."""
    channels = features.shape[1]
    # A convolution takes and returns features in oneDNN's layout, without a copy.
    found = mx.npx.convolution(
        features,
        mx.np.reshape(matrix, (channels, channels, 1, 1)),
        kernel=(1, 1),
        num_filter=channels,
        no_bias=True,
    )
    return found if root is None else found * mx.np.square(root)
