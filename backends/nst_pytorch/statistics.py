"""Style statistics: Gram matrices, or means and covariances, of whole pictures or of regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nst_core.arrays import Array
from nst_core.backend import Objective
from nst_core.backend.blending import RegionBlend
from nst_core.backend.guidance import Region
from nst_core.backend.slicing import directions
from nst_pytorch import reductions
from nst_pytorch.feature_map import FeatureMap, Features, Window, pixel_map
from nst_pytorch.sliced import SlicedStatistics
from nst_pytorch.wasserstein import Gaussian, float64_device, to_float64

_TINY = 1e-30
"""Smaller than any sum of a density that is not zero throughout."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over the pixels f of a part of a map, each pixel weighted by a density.

    Attributes:
        second: (C, C), sum of f f^T; with a mean, sum of (f - mean)(f - mean)^T.
        count: The sum of the weights, which is the mean's weight when parts are added.
        mean: (C,), or None.
    """

    second: Tensor
    count: Tensor | int
    mean: Tensor | None = None

    @classmethod
    def of(cls, part: Features, density: FeatureMap | None = None, *, centred: bool) -> Moments:
        """Return the moments of a part of a map.

        Args:
            part: The features of the part.
            density: (H, W, 1), of the same part, the weight of each pixel; 1 by default.
            centred: Whether the mean is computed and subtracted.
        """
        count = part.pixels if density is None else density.interior.sum()
        if not centred:
            return cls(reductions.gram_matrix(part, density), count)
        mean, scatter = reductions.mean_and_scatter(part, density)
        return cls(scatter, count, mean)

    def normalised(self, count: int) -> tuple[Tensor, ...]:
        """Return the Gram matrix (C, C), F^T F / (C * count); or mean (C,) and covariance (C, C).

        Args:
            count: The number of pixels of the whole map; 1 with a density, whose sum is 1.
        """
        if self.mean is None:
            return (self.second / (len(self.second) * count),)
        return self.mean, self.second / count

    def __add__(self, other: Moments) -> Moments:
        """Return the moments of two parts together.

        Centred moments are added as by Chan, Golub and LeVeque, "Updating formulae and a pairwise
        algorithm for computing sample variances" (1979): the means are subtracted before anything
        is squared.
        """
        count = self.count + other.count
        if self.mean is None or other.mean is None:
            return Moments(self.second + other.second, count)
        difference = other.mean - self.mean
        # Where a density is zero throughout, its share is zero too.
        share = other.count / (count.clamp_min(_TINY) if isinstance(count, Tensor) else count)
        between = torch.outer(difference, difference) * (self.count * share)
        second = self.second + other.second + between
        return Moments(second, count, self.mean + difference * share)


class StyleStatistics:
    """One style's statistics at one tap, for each region, accumulated part by part.

    Args:
        objective: Its ``style_statistics`` says which statistics they are.
        regions: The style's regions at the tap.
    """

    def __init__(self, objective: Objective, regions: Mapping[int, Region]) -> None:
        self._centred = objective.style_statistics == "wasserstein"
        self._regions = regions
        self._pixels = 0
        self._densities: dict[int, FeatureMap | None] = {}
        self._sums: dict[int, Moments] = {}

    def update(self, part: Features, window: Window) -> None:
        """Add a part of the features, which lies in a window of the whole map."""
        self._pixels += part.pixels
        for number, region in self._regions.items():
            if number not in self._densities:
                self._densities[number] = density_map(region, like=part)
            density = self._densities[number]
            found = Moments.of(part, density and density.at(window), centred=self._centred)
            sums = self._sums.get(number)
            self._sums[number] = found if sums is None else sums + found

    def by_region(self) -> dict[int, Sequence[Tensor]]:
        """Return region number -> moments whose weighted sum is the moments of a mixture."""
        return {number: self._additive(number, sums) for number, sums in self._sums.items()}

    def _additive(self, number: int, sums: Moments) -> Sequence[Tensor]:
        found = sums.normalised(self._pixels if self._regions[number].density is None else 1)
        if not self._centred:
            return found
        mean, covariance = map(to_float64, found)
        # Second moments add up to those of the mixture; covariances do not.
        return [mean, covariance + torch.outer(mean, mean)]


def style_statistics(
    tap: str, objective: Objective, regions: Mapping[int, Region]
) -> StyleStatistics | SlicedStatistics:
    """Return the empty statistics of one style with ``regions`` at a tap."""
    if objective.style_statistics != "sliced-wasserstein":
        return StyleStatistics(objective, regions)
    count, seed = objective.projections, objective.projection_seed
    return SlicedStatistics(directions(tap, count=count, seed=seed), regions)


class Blend:
    """The statistics of several styles at one tap, added with their shares, region by region."""

    def __init__(self) -> None:
        self._blend: RegionBlend[Tensor] = RegionBlend()

    def add(self, style: StyleStatistics | SlicedStatistics, share: float) -> None:
        """Add the statistics of one style."""
        for number, moments in style.by_region().items():
            self._blend.add(number, moments, share=share)

    def statistics(self) -> dict[int, tuple[Array, ...]]:
        """Return region number -> its statistics: see ``nst_core.backend.StyleTargets``."""
        return {
            number: tuple(moment.cpu().numpy() for moment in moments)
            for number, moments in self._blend.by_region().items()
        }


@dataclass(frozen=True, slots=True)
class RegionTarget:
    """The statistics that one region of the image is compared with at one tap.

    Attributes:
        area: The region's share of the area.
        density: (H, W, 1), of sum 1; None if every pixel weighs the same.
        statistics: A Gram matrix (C, C), a ``Gaussian``, or quantiles (P, K).
    """

    area: float
    density: FeatureMap | None
    statistics: Tensor | Gaussian


StyleTarget = tuple[RegionTarget, ...]
"""The targets of one tap: one for each region of which something is left there."""


def style_target(
    statistics: Mapping[int, Sequence[Array]],
    regions: Mapping[int, Region],
    objective: Objective,
    *,
    like: Tensor,
) -> StyleTarget:
    """Return what an image with ``regions`` is compared with at a tap.

    Args:
        statistics: Region number -> statistics, as from ``Blend.statistics``.
        regions: The image's regions at the tap.
        objective: Its ``style_statistics`` says which statistics they are.
        like: A tensor of the image's dtype, on its device.
    """

    def target(number: int) -> Tensor | Gaussian:
        # torch.tensor copies: the arrays belong to the caller.
        if objective.style_statistics != "wasserstein":
            return torch.tensor(statistics[number][0], dtype=like.dtype, device=like.device)
        device = float64_device(like)
        return Gaussian(
            *(torch.tensor(p, dtype=torch.float64, device=device) for p in statistics[number])
        )

    return tuple(
        RegionTarget(region.area, density_map(region, like=like), target(number))
        for number, region in regions.items()
    )


def density_map(region: Region, *, like: Tensor | Features) -> FeatureMap | None:
    """Return a region's density as a map (H, W, 1), of ``like``'s dtype and on its device."""
    return None if region.density is None else pixel_map(region.density, like=like)
