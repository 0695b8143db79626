"""Sums that parts of a map add up to: of Gram matrices, or of means and covariances."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nst_pytorch.maps import FeatureMap, Features
from nst_pytorch.products import mean_and_squares, squares


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over the pixels of a part of a map, each counted as a density says.

    Attributes:
        squares: (C, C), sum of f f^T, or of (f - mean)(f - mean)^T if there is a mean.
        count: What the pixels count together: the mean's share when parts are added.
        mean: (C,), or None.
    """

    squares: Tensor
    count: Tensor | int
    mean: Tensor | None = None

    @classmethod
    def of(cls, part: Features, density: FeatureMap | None = None, *, centred: bool) -> Moments:
        """Measure a part of a map.

        Args:
            part: Its features.
            density: (H, W, 1), of the same part, what each pixel counts; 1 by default.
            centred: Whether a mean is taken, and taken off.
        """
        count = part.pixels if density is None else density.inner.sum()
        if not centred:
            return cls(squares(part, density), count)
        mean, found = mean_and_squares(part, density)
        return cls(found, count, mean)

    def normalised(self, count: int) -> tuple[Tensor, ...]:
        """Return the Gram matrix (C, C), F^T F / (C * count); or mean (C,) and covariance (C, C).

        Args:
            count: The pixels of the whole map; 1 with a density, whose sum that is.
        """
        if self.mean is None:
            return (self.squares / (len(self.squares) * count),)
        return self.mean, self.squares / count

    def __add__(self, other: Moments) -> Moments:
        """Return those of two parts together.

        Centred ones by Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
        computing sample variances" (1979): the means are taken off before anything is squared.
        """
        count = self.count + other.count
        if self.mean is None or other.mean is None:
            return Moments(self.squares + other.squares, count)
        apart = other.mean - self.mean
        # Where a density is zero throughout, so is the share of it.
        share = other.count / (count.clamp_min(_TINY) if isinstance(count, Tensor) else count)
        between = torch.outer(apart, apart) * (self.count * share)
        return Moments(self.squares + other.squares + between, count, self.mean + apart * share)


_TINY = 1e-30
"""Beside any density that counts."""
