"""What is compared of a style: Gram matrices, or means and covariances, of all or of regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nst_core.arrays import Array
from nst_core.backend import SCALED_EPSILON, Objective
from nst_core.backend.guidance import Region
from nst_pytorch.gaussian import Gaussian, precise, precise_device
from nst_pytorch.maps import FeatureMap, Features, Place
from nst_pytorch.moments import Moments


def scaled_distance(difference: Tensor) -> Tensor:
    """Return sum(D^2) / (sum|D| + 1e-8), whose gradient has an L1 norm of about 1."""
    return difference.square().sum() / (difference.abs().sum() + SCALED_EPSILON)


@dataclass(frozen=True, slots=True)
class RegionTarget:
    """What one region is compared with at one tap.

    Attributes:
        area: The region's share of the area.
        density: (H, W, 1), of sum 1, or None for every pixel alike.
        statistics: A Gram matrix (C, C), or a ``Gaussian``.
    """

    area: float
    density: FeatureMap | None
    statistics: Tensor | Gaussian


StyleTarget = tuple[RegionTarget, ...]
"""Of one tap: a target for each region that has something of it."""


def style_distance(
    moments: Sequence[Tensor], target: Tensor | Gaussian, objective: Objective
) -> Tensor:
    """Return how far statistics are from a target: a Gram matrix, or a mean and a covariance."""
    if isinstance(target, Gaussian):
        mean, covariance = moments
        return target.distance(mean, covariance).to(device=mean.device, dtype=mean.dtype)
    difference = moments[0] - target
    if objective.style_distance == "scaled":
        return scaled_distance(difference * len(difference))
    return difference.square().mean()


class Measured:
    """One style's statistics at one tap, region by region, measured part by part.

    Args:
        objective: Says which statistics they are.
        regions: The style's at the tap.
    """

    def __init__(self, objective: Objective, regions: Mapping[int, Region]) -> None:
        self._centred = objective.style_statistics == "wasserstein"
        self._regions = regions
        self._pixels = 0
        self._densities: dict[int, FeatureMap | None] = {}
        self._sums: dict[int, Moments] = {}

    def take(self, part: Features, place: Place) -> None:
        """Count in a part of the features, which lies at a place of the whole map."""
        self._pixels += part.pixels
        for number, region in self._regions.items():
            if number not in self._densities:
                self._densities[number] = density_of(region, like=part)
            density = self._densities[number]
            found = Moments.of(part, density and density.at(place), centred=self._centred)
            sums = self._sums.get(number)
            self._sums[number] = found if sums is None else sums + found

    def statistics(self) -> dict[int, Sequence[Tensor]]:
        """Return number of the region -> what can be added up to a mixture's."""
        return {number: self._of(number, sums) for number, sums in self._sums.items()}

    def _of(self, number: int, sums: Moments) -> Sequence[Tensor]:
        found = sums.normalised(self._pixels if self._regions[number].density is None else 1)
        if not self._centred:
            return found
        mean, covariance = map(precise, found)
        # Unlike covariances, these are those of the mixture when they are added up.
        return [mean, covariance + torch.outer(mean, mean)]


class Blend:
    """The styles' statistics at one tap, added up by their shares, region by region."""

    def __init__(self) -> None:
        self._sums: dict[int, list[Tensor]] = {}
        self._shares: dict[int, float] = {}

    def add(self, measured: Measured, share: float) -> None:
        """Count in what was measured of one style."""
        for number, moments in measured.statistics().items():
            parts = [share * moment for moment in moments]
            sums = self._sums.get(number)
            self._sums[number] = (
                parts if sums is None else [old + new for old, new in zip(sums, parts, strict=True)]
            )
            self._shares[number] = self._shares.get(number, 0.0) + share

    def statistics(self) -> dict[int, tuple[Array, ...]]:
        """Return number of the region -> its statistics: see ``nst_core.backend.StyleTargets``."""
        return {
            number: tuple((part / self._shares[number]).cpu().numpy() for part in sums)
            for number, sums in self._sums.items()
        }


def target_of(
    statistics: Mapping[int, Sequence[Array]],
    regions: Mapping[int, Region],
    objective: Objective,
    *,
    like: Tensor,
) -> StyleTarget:
    """Return what an image with ``regions`` is held to at a tap, on ``like``'s device.

    Args:
        statistics: As from ``Blend.statistics``.
        regions: The image's.
        objective: Says which statistics they are.
        like: Has the image's dtype and device.
    """

    def held_to(number: int) -> Tensor | Gaussian:
        # torch.tensor copies: the arrays are the caller's.
        if objective.style_statistics == "gram":
            return torch.tensor(statistics[number][0], dtype=like.dtype, device=like.device)
        device = precise_device(like)
        return Gaussian(
            *(torch.tensor(p, dtype=torch.float64, device=device) for p in statistics[number])
        )

    return tuple(
        RegionTarget(region.area, density_of(region, like=like), held_to(number))
        for number, region in regions.items()
    )


def density_of(region: Region, *, like: Tensor | Features) -> FeatureMap | None:
    """Return a region's density as a map (H, W, 1), of ``like``'s dtype and on its device."""
    if region.density is None:
        return None
    density = torch.tensor(region.density, dtype=like.dtype, device=like.device)
    return FeatureMap.of(density[None, None])
