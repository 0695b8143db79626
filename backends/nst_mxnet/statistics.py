"""What is compared of a style: Gram matrices, or means and covariances; of the whole or of regions.

Operators come from ``operators``, shapes are handed in, and nothing goes directly from a feature
into a reshape: see ``nst_mxnet.losses``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nst_core.arrays import Array
from nst_core.backend import SCALED_EPSILON, DType, Objective
from nst_core.guides import Region
from nst_mxnet import gaussian
from nst_mxnet._framework import Operators, Tensor, mx
from nst_mxnet.layout import like_array

Shape = tuple[int, int, int]


def scaled_distance(operators: Operators, difference: Tensor, *, size: int, dtype: DType) -> Tensor:
    """Return sum(D^2) / (sum|D| + 1e-8) of ``size`` numbers; its gradient's L1 norm is about 1."""
    squares = operators.np.square(difference).mean(dtype=dtype)
    return squares / (operators.np.abs(difference).mean(dtype=dtype) + SCALED_EPSILON / size)


def gram(
    operators: Operators, features: Tensor, *, shape: Shape, root: Tensor | None = None
) -> Tensor:
    """Return the Gram matrix (C, C) of features (1, C, H, W), divided by C*H*W.

    Args:
        operators: Where operators are looked up.
        features: One picture's.
        shape: Their (C, H, W).
        root: (1, 1, H, W), the root of a region's density, which then stands for 1 / (H*W).
    """
    channels, height, width = shape
    # Divided before the reshape, each factor by the root: see the docstring of nst_mxnet.losses.
    if root is None:
        scaled = features / math.sqrt(channels * height * width)
    else:
        scaled = features * (root / math.sqrt(channels))
    return _products(operators, scaled, shape=shape)


def moments(
    operators: Operators, features: Tensor, *, shape: Shape, root: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return mean (1, C, 1, 1) and covariance (C, C) of the pixels of features (1, C, H, W).

    Args:
        operators: Where operators are looked up.
        features: One picture's.
        shape: Their (C, H, W).
        root: As for ``gram``; None for all pixels alike.
    """
    _, height, width = shape
    # Sums, not means: MXNet 2's mean of float64 is float32 unless it is told.
    if root is None:
        mean = operators.np.sum(features, axis=(2, 3), keepdims=True) / (height * width)
        centred = (features - mean) / math.sqrt(height * width)
    else:
        mean = operators.np.sum(features * operators.np.square(root), axis=(2, 3), keepdims=True)
        centred = (features - mean) * root
    return mean, _products(operators, centred, shape=shape)


def _products(operators: Operators, scaled: Tensor, *, shape: Shape) -> Tensor:
    channels, height, width = shape
    rows = operators.np.reshape(scaled, (channels, height * width))
    # x W^T with W = x. np.dot(rows, rows.T) writes the transpose out, there and back: measured
    # 8 % of a step slower, and 200 MB more at 300x450.
    return operators.npx.fully_connected(
        rows, rows, num_hidden=channels, no_bias=True, flatten=False
    )


@dataclass(frozen=True, slots=True)
class RegionTarget:
    """What one region is compared with at one tap.

    Attributes:
        area: The region's share of the area.
        root: (1, 1, H, W), the root of its density, or None for every pixel alike.
        statistics: A Gram matrix (C, C), or a ``Gaussian``.
    """

    area: float
    root: Tensor | None
    statistics: Tensor | gaussian.Gaussian


StyleTarget = tuple[RegionTarget, ...]
"""Of one tap: a target for each region that has something of it."""


class Blend:
    """The styles' statistics at one tap, added up by their shares, region by region."""

    def __init__(self, objective: Objective) -> None:
        self._wasserstein = objective.style_statistics == "wasserstein"
        self._sums: dict[int, list[Tensor]] = {}
        self._shares: dict[int, float] = {}

    def add(self, features: Tensor, regions: Mapping[int, Region], share: float) -> None:
        """Count one style's features (1, C, H, W) in."""
        for number, region in regions.items():
            parts = [share * part for part in self._moments(features, region)]
            sums = self._sums.get(number)
            self._sums[number] = (
                parts if sums is None else [old + new for old, new in zip(sums, parts, strict=True)]
            )
            self._shares[number] = self._shares.get(number, 0.0) + share

    def _moments(self, features: Tensor, region: Region) -> list[Tensor]:
        shape, root = features.shape[1:], root_of(region, features)
        if not self._wasserstein:
            return [gram(mx, features, shape=shape, root=root)]
        mean, covariance = moments(mx, features, shape=shape, root=root)
        # Unlike covariances, these are those of the mixture when they are added up.
        return list(gaussian.raw_moments(mean.asnumpy(), covariance.asnumpy()))

    def statistics(self) -> dict[int, tuple[Array, ...]]:
        """Return number of the region -> its statistics: see ``nst_core.backend.StyleTargets``."""
        return {
            number: tuple(_plain(part / self._shares[number]) for part in sums)
            for number, sums in self._sums.items()
        }


def target_of(
    statistics: Mapping[int, Sequence[Array]],
    regions: Mapping[int, Region],
    objective: Objective,
    *,
    like: Tensor,
) -> StyleTarget:
    """Return what an image with ``regions`` is compared with at a tap.

    Args:
        statistics: As from ``Blend.statistics``.
        regions: The image's.
        objective: Says which statistics they are.
        like: Has the image's dtype and device.
    """

    def compared_with(number: int) -> Tensor | gaussian.Gaussian:
        if objective.style_statistics == "gram":
            return like_array(statistics[number][0], like)
        return gaussian.Gaussian(*statistics[number])

    return tuple(
        RegionTarget(region.area, root_of(region, like), compared_with(number))
        for number, region in regions.items()
    )


def _plain(array: Tensor | Array) -> Array:
    found: Array = array if isinstance(array, np.ndarray) else array.asnumpy()
    return found


def root_of(region: Region, features: Tensor) -> Tensor | None:
    """Return the root of a region's density as (1, 1, H, W), like the features."""
    if region.density is None:
        return None
    return like_array(region.density[None, None] ** 0.5, features)
