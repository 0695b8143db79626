"""Sliced Wasserstein: the directions on which features are projected, and a style's quantiles.

Every backend takes these from here, so that they are the same on all. They are computed in NumPy,
once for each style. See ``nst_core.backend.Objective`` for the loss.
"""

from __future__ import annotations

import numpy as np

from nst_core.arrays import Array
from nst_core.vgg19 import BY_NAME, TAPS

QUANTILES = 2048
"""How many quantiles a style has along each direction."""


def directions(tap: str, *, count: int, seed: int) -> Array:
    """Return directions (count, C) in the space of a tap's features, float64, of length 1.

    NumPy's PCG64 draws them, standard normal, from the seed and the number of the tap.
    """
    generator = np.random.Generator(np.random.PCG64([seed, TAPS.index(tap)]))
    drawn = generator.standard_normal((count, BY_NAME[tap].out_channels))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def quantiles(values: Array, density: Array | None = None) -> Array:
    """Return the quantiles of a style's pixels along each direction, (P, ``QUANTILES``), float64.

    The pixels of one direction in ascending order have values v_i and weights w_i of sum 1. The
    quantile function is linear between the points (w_1 + ... + w_(i-1) + w_i / 2, v_i), and
    constant beyond the first and the last. It is read at (k + 1/2) / ``QUANTILES``. Equal values
    are ordered by weight, so the order of the pixels does not matter.

    Args:
        values: (N, P): the projections of N pixels on P directions.
        density: (N,), 0 or more, not all 0: the weights of the pixels. None if they are equal.
    """
    places = (np.arange(QUANTILES) + 0.5) / QUANTILES
    if density is None:
        middles = (np.arange(len(values)) + 0.5) / len(values)
        ordered = np.sort(np.asarray(values, np.float64), axis=0)
        return np.array([np.interp(places, middles, column) for column in ordered.T])
    counted = np.asarray(density, np.float64) > 0
    weights = np.asarray(density, np.float64)[counted]
    weights /= weights.sum()

    def of_direction(column: Array) -> Array:
        order = np.lexsort((weights, column))
        own = weights[order]
        return np.asarray(np.interp(places, np.cumsum(own) - own / 2, column[order]))

    return np.array([of_direction(column) for column in values[counted].astype(np.float64).T])
