"""The sliced Wasserstein distance: features are projected on directions, and sorted there.

MXNet's sorting has no rule for equal values, and it sorts on one core. So the projections, which
are few beside the features, are copied from the device and sorted by NumPy, and the gradients that
are found here are copied back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nst_core.arrays import Array
from nst_core.backend.slicing import QUANTILES
from nst_mxnet._framework import Tensor, mx
from nst_mxnet.layout import like_array


def project(features: Tensor, directions: Array) -> Array:
    """Return the projections (P, rows, W) of features (1, C, rows, W) on directions (P, C)."""
    weight = like_array(directions[:, :, None, None], features)
    found = mx.npx.convolution(
        features, weight, kernel=(1, 1), num_filter=len(directions), no_bias=True
    )
    projected: Array = found.asnumpy()[0]
    return projected


@dataclass(frozen=True, slots=True)
class Projections:
    """The projections of some rows of a map; those of other rows are added by ``+``.

    Attributes:
        parts: The projections (P, rows, W) of each part, from top to bottom.
    """

    parts: Sequence[Array]

    def __add__(self, other: Projections) -> Projections:
        """Return the projections of the rows of both; those of ``other`` are below."""
        return Projections([*self.parts, *other.parts])

    def whole(self) -> Array:
        """Return the projections of all rows, (P, H, W)."""
        return np.concatenate(self.parts, axis=1)


class Quantiles(NamedTuple):
    """The quantiles of a style, (P, ``QUANTILES``), float64, along directions (P, C)."""

    table: Array
    directions: Array

    def distance(self, values: Array, density: Array | None) -> tuple[float, Array]:
        """Return the distance of projections (P, N), and its gradient with respect to them.

        A pixel's place in the order does not change where it moves a little. So the gradient is
        that of a square, 2 w (v - t) / P.

        Args:
            values: The projections.
            density: (N,), of sum 1; None if all pixels weigh the same.
        """
        found, gradient = 0.0, np.empty(values.shape)
        for column, table, slope in zip(values, self.table, gradient, strict=True):
            # Equal values keep the order of their pixels, as on every backend.
            order = np.argsort(column, kind="stable")
            weights = np.full(len(column), 1 / len(column)) if density is None else density[order]
            middles = np.cumsum(weights) - weights / 2
            target = np.interp(middles * QUANTILES - 0.5, np.arange(QUANTILES), table)
            difference = column[order].astype(np.float64) - target
            found += float(weights @ difference**2)
            slope[order] = 2 * weights * difference
        return found / len(values), gradient / len(values)
