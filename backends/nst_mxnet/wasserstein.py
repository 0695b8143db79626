"""The 2-Wasserstein distance of normal distributions and its gradient, in NumPy and float64.

MXNet has no square root of a matrix, and the gradient of its ``eigh`` divides by differences of
eigenvalues. These matrices are C x C, small beside the features. So means and covariances are
copied from the device, and the gradients found here are copied back.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nst_core.arrays import Array
from nst_core.backend import COVARIANCE_EPSILON


class Distance(NamedTuple):
    """A distance, and its gradients with respect to the mean (1, C, 1, 1) and covariance (C, C)."""

    value: float
    by_mean: Array
    by_covariance: Array


class Gaussian:
    """A normal distribution that others are compared with.

    Args:
        mean: (C,), float64.
        second_moment: (C, C), E[f f^T], float64.
    """

    def __init__(self, mean: Array, second_moment: Array) -> None:
        self.mean = mean
        covariance = _regularised(second_moment - np.outer(mean, mean))
        values, vectors = np.linalg.eigh(covariance)
        self.root = (vectors * np.sqrt(np.maximum(values, COVARIANCE_EPSILON))) @ vectors.T
        self.trace = float(np.trace(covariance))

    def distance(self, mean: Array, covariance: Array) -> Distance:
        """Return the squared distance, divided by C, to another distribution.

        With R the square root of this covariance, and K the other covariance:
        d tr((R K R)^1/2) / dK is R (R K R)^-1/2 R / 2.

        Args:
            mean: (C,) or (1, C, 1, 1).
            covariance: (C, C).
        """
        channels = len(self.mean)
        shift = np.asarray(mean, np.float64).ravel() - self.mean
        regular = _regularised(np.asarray(covariance, np.float64))
        values, vectors = np.linalg.eigh(self.root @ regular @ self.root)
        # Except for rounding none is smaller: both K and R^2 have epsilon on the diagonal.
        roots = np.sqrt(np.maximum(values, COVARIANCE_EPSILON**2))
        basis = self.root @ vectors
        spread = np.trace(regular) + self.trace - 2 * roots.sum()
        return Distance(
            float(shift @ shift + spread) / channels,
            (2 * shift / channels).reshape(1, channels, 1, 1),
            (np.eye(channels) - (basis / roots) @ basis.T) / channels,
        )


def _regularised(covariance: Array) -> Array:
    return np.asarray(covariance + COVARIANCE_EPSILON * np.eye(len(covariance)))
