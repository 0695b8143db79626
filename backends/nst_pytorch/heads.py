"""The losses of a tap as heads: from the features a loss, and what adds its gradient.

What is added goes to the gradient that flows down to the features, part by part. The networks know
nothing else of losses; one that never has the whole features measures them part by part.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from nst_core.backend import SCALED_EPSILON
from nst_pytorch.maps import EVERYWHERE, FeatureMap, Features, Place
from nst_pytorch.moments import Moments
from nst_pytorch.products import add_product, distances, squared_distance, squares
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


class Measuring(ABC):
    """A head that can also be shown the features in parts, each pixel in one of them.

    Attributes:
        kind: See ``Head``.
        tap: See ``Head``.
    """

    kind: Kind
    tap: str

    def __call__(self, features: Features) -> Judged:
        """See ``Head``."""
        return self.judge(self.measure(features, EVERYWHERE), features)

    @abstractmethod
    def measure(self, part: Features, place: Place) -> Sequence[Any]:
        """Return sums over a part's pixels; one by one, those of all parts add up by ``+``.

        Args:
            part: Of the features.
            place: Where in the whole map it lies, laid out as what it is compared with.
        """

    @abstractmethod
    def judge(self, sums: Sequence[Any], layout: Features) -> Judged:
        """Judge the whole by its sums.

        Args:
            sums: Of all parts.
            layout: A map that is laid out as the places that the addition will be given; only its
                shape counts.
        """


class ContentHead(Measuring):
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

    def measure(self, part: Features, place: Place) -> Sequence[Tensor]:
        """See ``Measuring``."""
        return [squared_distance(part, self.target.at(place))]

    def judge(self, sums: Sequence[Tensor], layout: Features) -> Judged:  # noqa: ARG002
        """See ``Measuring``."""

        def add(gradient: Tensor, part: Tensor, place: Place) -> None:
            gradient.add_(part - self.target.whole[place], alpha=2 * self.weight)

        return Judged(self.weight * sums[0], add)


class ScaledContentHead(Measuring):
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

    def measure(self, part: Features, place: Place) -> Sequence[Tensor]:
        """See ``Measuring``."""
        return distances(part, self.target.at(place))

    def judge(self, sums: Sequence[Tensor], layout: Features) -> Judged:  # noqa: ARG002
        """See ``Measuring``."""
        absolute, squared = sums
        size = absolute + SCALED_EPSILON
        linear, constant = 2 * self.weight / size, self.weight * squared / size**2

        def add(gradient: Tensor, part: Tensor, place: Place) -> None:
            difference = part - self.target.whole[place]
            gradient.addcmul_(difference, linear).addcmul_(difference.sign_(), constant, value=-1)

        return Judged(self.weight * squared / size, add)


class StyleHead(Measuring):
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

    def measure(self, part: Features, place: Place) -> Sequence[Tensor]:  # noqa: ARG002
        """See ``Measuring``."""
        return [squares(part)]

    def judge(self, sums: Sequence[Tensor], layout: Features) -> Judged:
        """See ``Measuring``."""
        count = layout.channels * layout.pixels
        difference = (sums[0] / count).sub_(self.target)
        loss = self.weight * difference.square().sum()
        scale = 4 * self.counted * self.weight / count
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


class MomentsHead(Measuring):
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

    def measure(self, part: Features, place: Place) -> Sequence[Moments]:
        """See ``Measuring``."""
        densities = (one.density and one.density.at(place) for one in self.parts)
        return [Moments.of(part, density, centred=self.centred) for density in densities]

    def judge(self, sums: Sequence[Moments], layout: Features) -> Judged:
        """See ``Measuring``."""
        judged = [self._judge(*one, layout) for one in zip(sums, self.parts, strict=True)]

        def add(gradient: Tensor, part: Tensor, place: Place) -> None:
            for _, add_part in judged:
                add_part(gradient, part, place)

        return Judged(torch.stack([loss for loss, _ in judged]).sum(), add)

    def _judge(self, sums: Moments, part: Part, layout: Features) -> Judged:
        density = part.density
        moments = sums.normalised(layout.pixels if density is None else 1)
        with torch.enable_grad(), all_cores(layout.device):
            leaves = [moment.requires_grad_() for moment in moments]
            loss = part.loss(leaves)
            found = torch.autograd.grad(loss, leaves)
        # Of K = F^T F / n a gradient G gives F (G + G^T) / n.
        count = 1 if self.centred else layout.channels
        scale = self.counted / (count if density else count * layout.pixels)
        matrix = scale * (found[-1] + found[-1].T)
        mean, shift = moments[0].detach(), scale * found[0]
        each = _laid_like(layout, density) if density else None

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


def _laid_like(layout: Features, density: FeatureMap) -> Tensor:
    """Return a density (H', W', 1) with the border that the features have."""
    laid = layout.laid(density.whole.new_zeros(*layout.whole_size, 1))
    laid.inner.copy_(density.inner)
    return laid.whole
