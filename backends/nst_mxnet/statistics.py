"""Style statistics: Gram matrices, or means and covariances, of whole pictures or of regions.

They are sums over pixels, so they are computed strip by strip and added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from nst_core.arrays import Array
from nst_core.backend import Objective
from nst_core.backend.blending import RegionBlend
from nst_core.backend.guidance import Region
from nst_core.backend.slicing import directions, quantiles
from nst_mxnet import wasserstein
from nst_mxnet._framework import Tensor, mx
from nst_mxnet.layout import like_array
from nst_mxnet.row_strips import take_rows
from nst_mxnet.sliced import Projections, Quantiles, project

Shape = tuple[int, int, int]
"""Shape of the features of a tap, (C, H, W)."""

PartialSums: TypeAlias = list[Any]
"""Sums over some rows of the features: tensors, arrays or ``Projections``. Those of other rows can
be added to them, one by one."""


def add_sums(old: PartialSums | None, new: PartialSums) -> PartialSums:
    """Return the sums over the rows of both."""
    return new if old is None else [a + b for a, b in zip(old, new, strict=True)]


def gram_product(features: Tensor) -> Tensor:
    """Return F F^T (C, C) of features (1, C, H, W), where F is (C, H*W)."""
    rows = flatten(features)
    # fully_connected computes x W^T; here W = x. np.dot(rows, rows.T) writes the transposed matrix
    # out, forward and backward: measured 8 % of a step slower, and 200 MB more at 300x450.
    return mx.npx.fully_connected(rows, rows, num_hidden=rows.shape[0], no_bias=True, flatten=False)


def flatten(features: Tensor) -> Tensor:
    """Return features (1, C, H, W) as (C, H*W)."""
    _, channels, height, width = features.shape
    return mx.np.reshape(features, (channels, height * width))


def gram_of_rows(features: Tensor, *, shape: Shape, root: Tensor | None) -> Tensor:
    """Return what some rows add to the Gram matrix (C, C), which is divided by C*H*W.

    Args:
        features: (1, C, rows, W), those of one picture.
        shape: (C, H, W) of all rows.
        root: (1, 1, rows, W), the square root of a region's density, which then replaces the
            factor 1 / (H*W); None for the whole picture.
    """
    channels, height, width = shape
    if root is None:
        return gram_product(features) / (channels * height * width)
    return gram_product(features * root) / channels


def moments_of_rows(features: Tensor, *, shape: Shape, root: Tensor | None) -> PartialSums:
    """Return what some rows add to E[f] (C,) and E[f f^T] (C, C) of the pixels, in float64.

    The mean of the rows is subtracted from their pixels before they are multiplied: the squares of
    large means would leave little of float32's precision for the differences.

    Args:
        features: As for ``gram_of_rows``.
        shape: As for ``gram_of_rows``.
        root: As for ``gram_of_rows``.
    """
    _, height, width = shape
    pixels = features.shape[2] * features.shape[3]
    if root is None:
        density, share = None, pixels / (height * width)
    else:
        density = mx.np.square(root)
        share = float(density.asnumpy().sum(dtype=np.float64))
        if share == 0:
            channels = features.shape[1]
            return [np.zeros(channels), np.zeros((channels, channels))]
    weighted = features if density is None else features * density
    total = mx.np.sum(weighted, axis=(2, 3), keepdims=True)
    mean = total / (pixels if density is None else share)
    centred = features - mean if root is None else (features - mean) * root
    second = gram_product(centred).asnumpy().astype(np.float64)
    if root is None:
        second /= height * width
    found = mean.asnumpy().astype(np.float64).ravel()
    return [share * found, second + share * np.outer(found, found)]


class Blend:
    """The statistics of several styles at one tap, added with their shares, region by region.

    Args:
        tap: The tap.
        objective: Its ``style_statistics`` says which statistics they are.
    """

    def __init__(self, tap: str, objective: Objective) -> None:
        self._wasserstein = objective.style_statistics == "wasserstein"
        self._directions = directions_of(tap, objective)
        self._projections = Projections([])  # of the style that is being added
        self._blend: RegionBlend[Tensor | Array] = RegionBlend()

    def add(
        self,
        features: Tensor,
        rows: slice,
        regions: Mapping[int, Region],
        share: float,
        *,
        shape: Shape,
    ) -> None:
        """Add some rows of one style's features.

        Args:
            features: (1, C, rows, W).
            rows: Which rows of the whole features these are.
            regions: The style's regions at the tap.
            share: The style's share in the blend.
            shape: (C, H, W) of the whole features.
        """
        if self._directions is not None:
            self._projections += Projections([project(features, self._directions)])
            if rows.stop == shape[1]:
                self._add_quantiles(regions, share)
            return
        for number, region in regions.items():
            root = None if region.density is None else _root(region.density[rows], features)
            if self._wasserstein:
                found = moments_of_rows(features, shape=shape, root=root)
            else:
                found = [gram_of_rows(features, shape=shape, root=root)]
            self._blend.add(number, found, share=share, counts=rows.start == 0)

    def _add_quantiles(self, regions: Mapping[int, Region], share: float) -> None:
        """Add the quantiles of the style whose last rows have come."""
        whole = self._projections.whole()
        self._projections = Projections([])
        values = whole.reshape(len(whole), -1).T
        for number, region in regions.items():
            density = None if region.density is None else region.density.ravel()
            self._blend.add(number, [quantiles(values, density)], share=share)

    def statistics(self) -> dict[int, tuple[Array, ...]]:
        """Return region number -> its statistics: see ``nst_core.backend.StyleTargets``."""
        return {
            number: tuple(map(_numpy, moments))
            for number, moments in self._blend.by_region().items()
        }


@dataclass(frozen=True, slots=True)
class RegionTarget:
    """The statistics that one region of the image is compared with at one tap.

    Attributes:
        area: The region's share of the area.
        root: (1, 1, H, W), the square root of the region's density; None if every pixel weighs the
            same.
        statistics: A Gram matrix (C, C), a ``Gaussian``, or ``Quantiles``.
        density: (H, W), the region's density; None likewise.
    """

    area: float
    root: Tensor | None
    statistics: Tensor | wasserstein.Gaussian | Quantiles
    density: Array | None

    def root_of(self, rows: slice) -> Tensor | None:
        """Return some rows of the root."""
        return None if self.root is None else take_rows(self.root, rows)


StyleTarget = tuple[RegionTarget, ...]
"""The targets of one tap: one for each region of which something is left there."""


def directions_of(tap: str, objective: Objective) -> Array | None:
    """Return the directions (P, C) on which a tap's features are projected; None for none."""
    if objective.style_statistics != "sliced-wasserstein":
        return None
    return directions(tap, count=objective.projections, seed=objective.projection_seed)


def style_target(
    tap: str,
    statistics: Mapping[int, Sequence[Array]],
    regions: Mapping[int, Region],
    objective: Objective,
    *,
    like: Tensor,
) -> StyleTarget:
    """Return what an image with ``regions`` is compared with at a tap.

    Args:
        tap: The tap.
        statistics: Region number -> statistics, as from ``Blend.statistics``.
        regions: The image's regions at the tap.
        objective: Its ``style_statistics`` says which statistics they are.
        like: An array of the image's dtype, on its device.
    """
    drawn = directions_of(tap, objective)

    def target(number: int) -> Tensor | wasserstein.Gaussian | Quantiles:
        if objective.style_statistics == "gram":
            return like_array(statistics[number][0], like)
        if drawn is not None:
            return Quantiles(statistics[number][0].copy(), drawn)
        return wasserstein.Gaussian(*statistics[number])

    return tuple(
        RegionTarget(
            region.area,
            None if region.density is None else _root(region.density, like),
            target(number),
            region.density,
        )
        for number, region in regions.items()
    )


def _numpy(array: Tensor | Array) -> Array:
    found: Array = array if isinstance(array, np.ndarray) else array.asnumpy()
    return found


def _root(density: Array, like: Tensor) -> Tensor:
    """Return the square root of a density (H, W) as (1, 1, H, W), of ``like``'s dtype."""
    return like_array(density[None, None] ** 0.5, like)
