"""Style losses: the distance between the statistics of the image's features and the styles'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from typing_extensions import override

from nst_core.backend import SCALED_EPSILON, Objective
from nst_pytorch import reductions
from nst_pytorch.feature_map import FeatureMap, Features, Window, padded_like
from nst_pytorch.loss_terms import Kind, LossAndGradient, SeparableLoss
from nst_pytorch.statistics import Moments
from nst_pytorch.thread_pool import multi_threaded
from nst_pytorch.wasserstein import Gaussian


def scaled_distance(difference: Tensor) -> Tensor:
    """Return sum(D^2) / (sum|D| + 1e-8), whose gradient has an L1 norm of about 1."""
    return difference.square().sum() / (difference.abs().sum() + SCALED_EPSILON)


def style_distance(
    moments: Sequence[Tensor], target: Tensor | Gaussian, objective: Objective
) -> Tensor:
    """Return the distance () of statistics from a target.

    Args:
        moments: A Gram matrix (C, C); or a mean (C,) and a covariance (C, C) for a ``Gaussian``.
        target: Statistics of the same kind.
        objective: Its ``style_distance`` is the distance of Gram matrices.
    """
    if isinstance(target, Gaussian):
        mean, covariance = moments
        return target.distance(mean, covariance).to(device=mean.device, dtype=mean.dtype)
    difference = moments[0] - target
    if objective.style_distance == "scaled":
        return scaled_distance(difference * len(difference))
    return difference.square().mean()


class GramLoss(SeparableLoss):
    """weight * mean((G - target)^2) with the Gram matrix G = F^T F / (C*H*W), F (H*W, C).

    Its gradient is F M with M = 4 * weight / (C^2 * C*H*W) * (G - target), since both matrices are
    symmetric: one matrix product, added in place.

    Args:
        tap: The tap whose features are compared.
        target: The style picture's Gram matrix (C, C), or a blend of several.
        weight: The weight of the loss.
        multiplicity: How many times the loss counts in the total.
    """

    kind: Kind = "style"

    def __init__(self, tap: str, target: Tensor, *, weight: float, multiplicity: float) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight / target.numel()
        self.multiplicity = multiplicity

    @override
    def partial_sums(self, part: Features, window: Window) -> Sequence[Tensor]:
        return [reductions.gram_matrix(part)]

    @override
    def finish(self, sums: Sequence[Tensor], layout: Features) -> LossAndGradient:
        count = layout.channels * layout.pixels
        difference = (sums[0] / count).sub_(self.target)
        loss = self.weight * difference.square().sum()
        scale = 4 * self.multiplicity * self.weight / count
        matrix = difference.mul_(scale)

        def add_gradient(gradient: Tensor, part: Tensor, _: Window) -> None:
            reductions.add_matmul(gradient, part, matrix)

        return LossAndGradient(loss, add_gradient)


class RegionLoss(NamedTuple):
    """The loss of one region's statistics.

    Attributes:
        loss: Maps the Gram matrix, or the mean and the covariance, to the weighted loss ().
        density: (H, W, 1), of sum 1: the weight of each pixel in the statistics; None if all
            pixels weigh the same.
    """

    loss: Callable[[Sequence[Tensor]], Tensor]
    density: FeatureMap | None = None


class StatisticsLoss(SeparableLoss):
    """The sum of arbitrary losses of Gram matrices, or of means m and covariances, of regions.

    Autograd differentiates the losses with respect to these few numbers. The gradient of the
    features is then a matrix product: F M; or (F - m) M plus, for each pixel, the gradient of the
    mean; times the density.

    Args:
        tap: The tap whose features are compared.
        regions: One loss for each region.
        centred: Whether they are losses of the mean and the covariance.
        multiplicity: How many times the loss counts in the total.
    """

    kind: Kind = "style"

    def __init__(
        self, tap: str, regions: Sequence[RegionLoss], *, centred: bool, multiplicity: float
    ) -> None:
        self.tap = tap
        self.regions = regions
        self.centred = centred
        self.multiplicity = multiplicity

    @override
    def partial_sums(self, part: Features, window: Window) -> Sequence[Moments]:
        densities = (region.density and region.density.at(window) for region in self.regions)
        return [Moments.of(part, density, centred=self.centred) for density in densities]

    @override
    def finish(self, sums: Sequence[Moments], layout: Features) -> LossAndGradient:
        pairs = zip(sums, self.regions, strict=True)
        found = [self._finish_region(moments, region, layout) for moments, region in pairs]

        def add_gradient(gradient: Tensor, part: Tensor, window: Window) -> None:
            for _, add_region_gradient in found:
                add_region_gradient(gradient, part, window)

        return LossAndGradient(torch.stack([loss for loss, _ in found]).sum(), add_gradient)

    def _finish_region(
        self, sums: Moments, region: RegionLoss, layout: Features
    ) -> LossAndGradient:
        density = region.density
        moments = sums.normalised(layout.pixels if density is None else 1)
        with torch.enable_grad(), multi_threaded(layout.device):
            leaves = [moment.requires_grad_() for moment in moments]
            loss = region.loss(leaves)
            gradients = torch.autograd.grad(loss, leaves)
        # With G = F^T F / n, a gradient dG with respect to G gives F (dG + dG^T) / n; so does a
        # gradient dK with respect to a covariance K, of centred features.
        count = 1 if self.centred else layout.channels
        scale = self.multiplicity / (count if density else count * layout.pixels)
        matrix = scale * (gradients[-1] + gradients[-1].T)
        mean, shift = moments[0].detach(), scale * gradients[0]
        weights = padded_like(layout, density) if density else None

        def add_gradient(gradient: Tensor, values: Tensor, window: Window) -> None:
            if self.centred:
                values = values - mean
            if weights is None:
                if self.centred:
                    gradient.add_(shift)
                reductions.add_matmul(gradient, values, matrix)
                return
            product = values @ matrix
            gradient.addcmul_(product.add_(shift) if self.centred else product, weights[window])

        return LossAndGradient(loss.detach(), add_gradient)
