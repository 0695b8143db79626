"""The 2-Wasserstein distance of normal distributions and its gradient, in NumPy and float64.

MXNet has no root of a matrix, and its ``eigh`` a gradient that divides by differences of
eigenvalues; these C x C matrices are small beside the features. So a compiled block puts means and
covariances out, and what is found here for them goes back in as the gradients of its outputs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nst_core.arrays import Array
from nst_core.backend import COVARIANCE_EPSILON


def raw_moments(mean: Array, covariance: Array) -> tuple[Array, Array]:
    """Return E[f] (C,) and E[f f^T] (C, C) in float64 of a mean (1, C, 1, 1) and a covariance."""
    flat = np.asarray(mean, np.float64).ravel()
    return flat, np.asarray(covariance, np.float64) + np.outer(flat, flat)


class Distance(NamedTuple):
    """A distance, and its gradients with respect to mean (1, C, 1, 1) and covariance (C, C)."""

    value: float
    by_mean: Array
    by_covariance: Array


class Gaussian:
    """A normal distribution that others are compared with.

    Args:
        mean: (C,) float64.
        second_moment: (C, C), E[f f^T], float64.
    """

    def __init__(self, mean: Array, second_moment: Array) -> None:
        self.mean = mean
        covariance = _regular(second_moment - np.outer(mean, mean))
        values, vectors = np.linalg.eigh(covariance)
        self.root = (vectors * np.sqrt(np.maximum(values, COVARIANCE_EPSILON))) @ vectors.T
        self.trace = float(np.trace(covariance))

    def distance(self, mean: Array, covariance: Array) -> Distance:
        """Return the squared distance, over C, to a mean (1, C, 1, 1) and a covariance (C, C).

        With R the root of this covariance, K the other one: d tr((R K R)^1/2) / dK is
        R (R K R)^-1/2 R / 2.
        """
        channels = len(self.mean)
        apart = np.asarray(mean, np.float64).ravel() - self.mean
        regular = _regular(np.asarray(covariance, np.float64))
        values, vectors = np.linalg.eigh(self.root @ regular @ self.root)
        # None is smaller but for rounding: both K and R^2 have epsilon on the diagonal.
        roots = np.sqrt(np.maximum(values, COVARIANCE_EPSILON**2))
        basis = self.root @ vectors
        spread = np.trace(regular) + self.trace - 2 * roots.sum()
        return Distance(
            float(apart @ apart + spread) / channels,
            (2 * apart / channels).reshape(1, channels, 1, 1),
            (np.eye(channels) - (basis / roots) @ basis.T) / channels,
        )


def _regular(covariance: Array) -> Array:
    return np.asarray(covariance + COVARIANCE_EPSILON * np.eye(len(covariance)))
