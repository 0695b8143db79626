"""The sliced Wasserstein distance: features are projected on directions, and sorted there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from typing_extensions import override

from nst_core.arrays import Array
from nst_core.backend.guidance import Region
from nst_core.backend.slicing import QUANTILES, quantiles
from nst_pytorch.feature_map import ALL, FeatureMap, Features, Window
from nst_pytorch.loss_terms import Kind, LossAndGradient, SeparableLoss
from nst_pytorch.thread_pool import multi_threaded

CHUNK_SIZE, GPU_CHUNK_SIZE = 1 << 20, 1 << 24
"""Values that are sorted at a time on a CPU and elsewhere. Each takes about 60 bytes meanwhile."""

_ROWS = 16
"""Rows that the CPU projects at a time."""


def project(part: Features, directions: Tensor) -> Tensor:
    """Return the projections (H, W, P) of features on directions (P, C)."""
    rows = _ROWS if part.device.type == "cpu" else part.height
    columns = slice(part.pad_left, part.pad_left + part.width)
    found = [
        part.rows(top, min(rows, part.height - top), 0)[:, columns] @ directions.T
        for top in range(0, part.height, rows)
    ]
    return torch.cat(found)


@dataclass(frozen=True, slots=True)
class Projections:
    """The projections of some parts of a map; those of other parts are added by ``+``.

    Attributes:
        parts: The window of each part, and its projections (h, w, P).
    """

    parts: Sequence[tuple[Window, Tensor]]

    def __add__(self, other: Projections) -> Projections:
        """Return the projections of all parts of both."""
        return Projections([*self.parts, *other.parts])

    def whole(self, height: int, width: int) -> Tensor:
        """Return the projections of the whole map, (H, W, P)."""
        (window, values), *others = self.parts
        if window == ALL and not others:
            return values
        found = values.new_empty(height, width, values.shape[2])
        for window, values in self.parts:
            found[window] = values
        return found


class SlicedStatistics:
    """One style's quantiles at one tap, for each region, from projections collected part by part.

    Args:
        directions: (P, C), float64.
        regions: The style's regions at the tap.
    """

    def __init__(self, directions: Array, regions: Mapping[int, Region]) -> None:
        self._directions = directions
        self._regions = regions
        self._found: list[Array] = []
        self._windows: list[Window] = []

    def update(self, part: Features, window: Window) -> None:
        """Add a part of the features, which lies in a window of the whole map."""
        directions = torch.tensor(self._directions, dtype=part.dtype, device=part.device)
        self._found.append(project(part, directions).flatten(0, 1).cpu().numpy())
        self._windows.append(window)

    def by_region(self) -> dict[int, Sequence[Tensor]]:
        """Return region number -> its quantiles (P, ``QUANTILES``), float64."""
        values = np.concatenate(self._found)
        found: dict[int, Sequence[Tensor]] = {}
        for number, region in self._regions.items():
            density = region.density
            if density is not None:
                density = np.concatenate([density[window].ravel() for window in self._windows])
            found[number] = [torch.from_numpy(quantiles(values, density))]
        return found


@dataclass(frozen=True, slots=True)
class SlicedRegion:
    """What one region of the image is compared with.

    Attributes:
        weight: The weight of its loss.
        quantiles: (P, ``QUANTILES``), those of the style.
        density: (H, W, 1), of sum 1; None if all pixels weigh the same.
    """

    weight: float
    quantiles: Tensor
    density: FeatureMap | None


class SlicedLoss(SeparableLoss):
    """The sliced Wasserstein distance of regions: see ``nst_core.backend.Objective``.

    A pixel's place in the order does not change where it moves a little. So the gradient with
    respect to its projection is that of a square, 2 w (v - t) / P, and with respect to its features
    the sum of these times the directions.

    Args:
        tap: The tap whose features are compared.
        regions: One for each region.
        directions: (P, C).
        multiplicity: How many times the loss counts in the total.
    """

    kind: Kind = "style"

    def __init__(
        self,
        tap: str,
        regions: Sequence[SlicedRegion],
        *,
        directions: Tensor,
        multiplicity: float,
    ) -> None:
        self.tap = tap
        self.regions = regions
        self.directions = directions
        self.multiplicity = multiplicity

    @override
    def partial_sums(self, part: Features, window: Window) -> Sequence[Projections]:
        return [Projections([(window, project(part, self.directions))])]

    @override
    def finish(self, sums: Sequence[Projections], layout: Features) -> LossAndGradient:
        values = sums[0].whole(layout.height, layout.width)
        with multi_threaded(layout.device):
            loss, slopes = self._loss_and_slopes(values.flatten(0, 1))
        slopes = slopes.mul_(self.multiplicity)
        gradients = layout.with_values(slopes.new_zeros(*layout.padded_size, slopes.shape[1]))
        gradients.interior.copy_(slopes.view(values.shape))

        def add_gradient(gradient: Tensor, _: Tensor, window: Window) -> None:
            gradient.add_(gradients.padded[window] @ self.directions)

        return LossAndGradient(loss, add_gradient)

    def _loss_and_slopes(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss, and its gradient with respect to the projections (N, P)."""
        pixels, count = values.shape
        chunk = CHUNK_SIZE if values.device.type == "cpu" else GPU_CHUNK_SIZE
        at_once = max(1, chunk // pixels)
        loss, slopes = values.new_zeros(()), torch.empty_like(values)
        for first in range(0, count, at_once):
            chosen = slice(first, first + at_once)
            # Equal values keep the order of their pixels, as on every backend.
            ordered, order = torch.sort(values[:, chosen].T.contiguous(), dim=1, stable=True)
            slope = torch.zeros_like(ordered)
            for region in self.regions:
                of_region, its_slope = _transport(
                    ordered, order, region, chosen=chosen, scale=region.weight / count
                )
                loss = loss + of_region
                slope += its_slope
            slopes[:, chosen] = torch.empty_like(slope).scatter_(1, order, slope).T
        return loss, slopes


def _transport(
    ordered: Tensor, order: Tensor, region: SlicedRegion, *, chosen: slice, scale: float
) -> tuple[Tensor, Tensor]:
    """Return scale * sum w (v - t)^2, and its gradient, of sorted values (p, N)."""
    pixels = ordered.shape[1]
    exact = torch.float32 if ordered.device.type == "mps" else torch.float64
    if region.density is None:
        weights: Tensor | float = 1 / pixels
        # The same for all directions, (N,).
        middles = (torch.arange(pixels, device=ordered.device, dtype=exact) + 0.5) / pixels
    else:
        own = region.density.interior.flatten().to(exact)[order]
        middles = own.cumsum(1).sub_(own / 2)
        weights = own.to(ordered.dtype)
    difference = ordered - _read(region.quantiles[chosen], middles)
    weighted = difference * weights
    return scale * (weighted * difference).sum(), weighted.mul_(2 * scale)


def _read(table: Tensor, middles: Tensor) -> Tensor:
    """Return the quantiles (p, N) of a table (p, ``QUANTILES``) at places (N,) or (p, N)."""
    places = (middles * QUANTILES).sub_(0.5).clamp_(0, QUANTILES - 1)
    below = places.to(torch.int64)
    share = (places - below).to(table.dtype)
    above = (below + 1).clamp_(max=QUANTILES - 1)
    if middles.ndim == 1:
        found = table.index_select(1, below)
        return found.lerp_(table.index_select(1, above), share.expand_as(found))
    return table.gather(1, below).lerp_(table.gather(1, above), share)
