"""What is compared of a style: Gram matrices, or means and covariances; of the whole or of regions.

They are found strip by strip: what the rows of features come to adds up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nst_core.arrays import Array
from nst_core.backend import SCALED_EPSILON, Objective
from nst_core.backend.guidance import Region
from nst_mxnet import gaussian
from nst_mxnet._framework import Tensor, mx
from nst_mxnet.layout import like_array
from nst_mxnet.strips import part

Shape = tuple[int, int, int]

Sums: TypeAlias = "list[Tensor | Array]"
"""What the rows of features come to, and those of other rows can be added to, one by one."""


def added(old: Sums | None, new: Sums) -> Sums:
    """Return the sums of both."""
    return new if old is None else [a + b for a, b in zip(old, new, strict=True)]


def scaled_distance(squares: Tensor, magnitudes: Tensor, weight: float) -> tuple[Tensor, Tensor]:
    """Return sum(D^2) / (sum|D| + 1e-8) and two factors, all times ``weight``.

    Its gradient is the first factor times D less the second times sign(D); its L1 norm is about 1.

    Args:
        squares: (), sum(D^2).
        magnitudes: (), sum|D|.
        weight: Of the loss.
    """
    over = magnitudes + SCALED_EPSILON
    value = squares / over
    return weight * value, (2 * weight / over, weight * value / over)


def products(features: Tensor) -> Tensor:
    """Return F F^T (C, C) of features (1, C, H, W), F (C, H*W)."""
    rows = flat(features)
    # x W^T with W = x. np.dot(rows, rows.T) writes the transpose out, there and back: measured
    # 8 % of a step slower, and 200 MB more at 300x450.
    return mx.npx.fully_connected(rows, rows, num_hidden=rows.shape[0], no_bias=True, flatten=False)


def flat(features: Tensor) -> Tensor:
    """Return features (1, C, H, W) as (C, H*W)."""
    _, channels, height, width = features.shape
    return mx.np.reshape(features, (channels, height * width))


def gram_part(features: Tensor, *, shape: Shape, root: Tensor | None) -> Tensor:
    """Return what rows add to the Gram matrix (C, C), divided by C*H*W.

    Args:
        features: (1, C, rows, W), one picture's.
        shape: (C, H, W) of all rows.
        root: (1, 1, rows, W), the root of a region's density, which then stands for 1 / (H*W).
    """
    channels, height, width = shape
    if root is None:
        return products(features) / (channels * height * width)
    return products(features * root) / channels


def moments_part(features: Tensor, *, shape: Shape, root: Tensor | None) -> Sums:
    """Return what rows add to E[f] (C,) and E[f f^T] (C, C) of the pixels, in float64.

    Like ``gram_part``. The rows' pixels are taken less their own mean before they are multiplied:
    the squares of large means would leave little of float32 for the differences.
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
    second = products(centred).asnumpy().astype(np.float64)
    if root is None:
        second /= height * width
    found = mean.asnumpy().astype(np.float64).ravel()
    return [share * found, second + share * np.outer(found, found)]


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

    def root_of(self, rows: slice) -> Tensor | None:
        """Return some rows of the root."""
        return None if self.root is None else part(self.root, rows)


StyleTarget = tuple[RegionTarget, ...]
"""Of one tap: a target for each region that has something of it."""


class Blend:
    """The styles' statistics at one tap, added up by their shares, region by region."""

    def __init__(self, objective: Objective) -> None:
        self._wasserstein = objective.style_statistics == "wasserstein"
        self._sums: dict[int, Sums] = {}
        self._shares: dict[int, float] = {}

    def add(
        self,
        features: Tensor,
        rows: slice,
        regions: Mapping[int, Region],
        share: float,
        *,
        shape: Shape,
    ) -> None:
        """Count some rows (1, C, rows, W) of one style's features of ``shape`` (C, H, W) in."""
        for number, region in regions.items():
            root = None if region.density is None else _root(region.density[rows], features)
            if self._wasserstein:
                found = moments_part(features, shape=shape, root=root)
            else:
                found = [gram_part(features, shape=shape, root=root)]
            parts = [share * one for one in found]
            self._sums[number] = added(self._sums.get(number), parts)
            if rows.start == 0:
                self._shares[number] = self._shares.get(number, 0.0) + share

    def statistics(self) -> dict[int, tuple[Array, ...]]:
        """Return number of the region -> its statistics: see ``nst_core.backend.StyleTargets``."""
        return {
            number: tuple(_plain(one / self._shares[number]) for one in sums)
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
        RegionTarget(
            region.area,
            None if region.density is None else _root(region.density, like),
            compared_with(number),
        )
        for number, region in regions.items()
    )


def _plain(array: Tensor | Array) -> Array:
    found: Array = array if isinstance(array, np.ndarray) else array.asnumpy()
    return found


def _root(density: Array, like: Tensor) -> Tensor:
    """Return the root of a region's density (H, W) as (1, 1, H, W), like the features."""
    return like_array(density[None, None] ** 0.5, like)
