"""The losses of a tap as heads: from the features a loss, and what adds its gradient.

What is added goes to the gradient that flows down to the features, part by part. The networks know
nothing else of losses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from nst_core.backend import SCALED_EPSILON
from nst_pytorch.maps import FeatureMap, Features, Place
from nst_pytorch.products import (
    add_product,
    distances,
    gram,
    mean_and_covariance,
    squared_distance,
)
from nst_pytorch.workers import all_cores

Kind = Literal["content", "style"]

Addition = Callable[[Tensor, Tensor, Place], None]
"""Given the gradient (rows, columns, C) of a part of the features, these, and their place in the
whole map, adds d(total)/d(features) to the gradient in place."""


class Judged(NamedTuple):
    """What a head finds: its weighted loss (), and what adds its gradient."""

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

    def __call__(self, features: Features) -> Judged:
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

    def __call__(self, features: Features) -> Judged:
        """See ``Head``."""

        def add(gradient: Tensor, part: Tensor, place: Place) -> None:
            gradient.add_(part - self.target.whole[place], alpha=2 * self.weight)

        return Judged(self.weight * squared_distance(features, self.target), add)


class ScaledContentHead:
    """weight * q / s of the differences D, with q = sum(D^2) and s = sum|D| + 1e-8.

    Its gradient is weight * (2 D / s - q / s^2 * sign(D)), whose L1 norm is about the weight.

    Args:
        tap: Whose features are compared.
        target: The content picture's, in a map like theirs.
        weight: Of the loss.
    """

    kind: Kind = "content"

    def __init__(self, tap: str, target: FeatureMap, *, weight: float) -> None:
        self.tap = tap
        self.target = target
        self.weight = weight

    def __call__(self, features: Features) -> Judged:
        """See ``Head``."""
        absolute, squared = distances(features, self.target)
        size = absolute + SCALED_EPSILON
        linear, constant = 2 * self.weight / size, self.weight * squared / size**2

        def add(gradient: Tensor, part: Tensor, place: Place) -> None:
            difference = part - self.target.whole[place]
            gradient.addcmul_(difference, linear).addcmul_(difference.sign_(), constant, value=-1)

        return Judged(self.weight * squared / size, add)


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

    def __call__(self, features: Features) -> Judged:
        """See ``Head``."""
        difference = gram(features).sub_(self.target)
        loss = self.weight * difference.square().sum()
        scale = 4 * self.counted * self.weight / (features.channels * features.pixels)
        matrix = difference.mul_(scale)

        def add(gradient: Tensor, part: Tensor, _: Place) -> None:
            add_product(gradient, part, matrix)

        return Judged(loss, add)


class Part(NamedTuple):
    """What is compared of one region.

    Attributes:
        loss: From the Gram matrix, or mean and covariance, to the weighted loss ().
        density: (H, W, 1), of sum 1, what each pixel counts in these; None for all alike.
    """

    loss: Callable[[Sequence[Tensor]], Tensor]
    density: FeatureMap | None = None


class MomentsHead:
    """The sum of any losses of Gram matrices, or of means m and covariances, of regions.

    That of these few numbers is differentiated by autograd; the features' gradient is then a
    product again, F M, or (F - m) M and for each pixel what comes of the mean; times the density.

    Args:
        tap: Whose features it takes.
        parts: One for each region.
        centred: Whether they are of mean and covariance.
        counted: How often the loss counts in the total.
    """

    kind: Kind = "style"

    def __init__(self, tap: str, parts: Sequence[Part], *, centred: bool, counted: float) -> None:
        self.tap = tap
        self.parts = parts
        self.centred = centred
        self.counted = counted

    def __call__(self, features: Features) -> Judged:
        """See ``Head``."""
        judged = [self._judge(features, part) for part in self.parts]

        def add(gradient: Tensor, part: Tensor, place: Place) -> None:
            for _, add_part in judged:
                add_part(gradient, part, place)

        return Judged(torch.stack([loss for loss, _ in judged]).sum(), add)

    def _judge(self, features: Features, part: Part) -> Judged:
        density = part.density
        if self.centred:
            moments: tuple[Tensor, ...] = mean_and_covariance(features, density)
        else:
            moments = (gram(features, density),)
        with torch.enable_grad(), all_cores(features.device):
            leaves = [moment.requires_grad_() for moment in moments]
            loss = part.loss(leaves)
            found = torch.autograd.grad(loss, leaves)
        # Of K = F^T F / n a gradient G gives F (G + G^T) / n.
        count = 1 if self.centred else features.channels
        scale = self.counted / (count if density else count * features.pixels)
        matrix = scale * (found[-1] + found[-1].T)
        mean, shift = moments[0].detach(), scale * found[0]
        each = _laid_like(features, density) if density else None

        def add(gradient: Tensor, values: Tensor, place: Place) -> None:
            if self.centred:
                values = values - mean
            if each is None:
                if self.centred:
                    gradient.add_(shift)
                add_product(gradient, values, matrix)
                return
            product = values @ matrix
            gradient.addcmul_(product.add_(shift) if self.centred else product, each[place])

        return Judged(loss.detach(), add)


def _laid_like(features: Features, density: FeatureMap) -> Tensor:
    """Return a density (H', W', 1) with the border that the features have."""
    laid = features.laid(density.whole.new_zeros(*features.whole_size, 1))
    laid.inner.copy_(density.inner)
    return laid.whole
