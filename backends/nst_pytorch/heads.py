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

    def __call__(self, features: Features) -> Judged:
        """See ``Head``."""
        moments = mean_and_covariance(features) if self.centred else (gram(features),)
        with torch.enable_grad(), all_cores(features.device):
            leaves = [moment.requires_grad_() for moment in moments]
            loss = self.loss(leaves)
            found = torch.autograd.grad(loss, leaves)
        # Of K = F^T F / n a gradient G gives F (G + G^T) / n.
        scale = self.counted / (features.pixels * (1 if self.centred else features.channels))
        matrix = scale * (found[-1] + found[-1].T)
        mean = moments[0].detach()

        def add(gradient: Tensor, part: Tensor, _: Place) -> None:
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

    def __call__(self, features: Features) -> Judged:
        """See ``Head``."""
        with torch.enable_grad(), all_cores(features.device):
            leaf = features.whole.detach().requires_grad_()
            loss = self.loss(features.laid(leaf).image)
            (found,) = torch.autograd.grad(loss, leaf)

        def add(gradient: Tensor, _: Tensor, place: Place) -> None:
            gradient.add_(found[place], alpha=self.counted)

        return Judged(loss.detach(), add)
