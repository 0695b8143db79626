"""Optimal transport of colours: a picture gets the distribution of colours of another.

The method is the iterative distribution transfer of Pitié, Kokaram and Dahyot, "N-Dimensional
Probability Density Function Transfer and its Application to Colour Transfer" (2005). In each round
the colours are rotated at random, and along each axis a monotone map moves their distribution
towards that of the target. Each round goes half of the way, which keeps the total displacement near
that of the optimal transport.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core.images.weighted_colours import Floats, WeightedColours

ROUNDS = 20
_STEP = 0.5
_LEVELS = (np.arange(512) + 0.5) / 512
"""The quantiles that tabulate the monotone map of an axis."""

_MAX_SAMPLES = 16384
"""So many colours give the quantiles; more make them no better, only slower."""


def transported(source: WeightedColours, target: WeightedColours, *, seed: int) -> Floats:
    """Return the source's colours, moved so that their distribution is that of the target.

    NumPy's PCG64 draws the rotations, so a seed gives the same colours on every backend. Equal
    colours stay equal.

    Args:
        source: The colours to move. Those of weight 0 are moved, too, but do not count.
        target: The distribution that they get.
        seed: The seed of the rotations and of the samples, 0 or more.

    Returns:
        (N, 3) float64, in the order of the source; not clipped.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    count = len(source.colours)
    sample, aim = source.sample(_MAX_SAMPLES, generator), target.sample(_MAX_SAMPLES, generator)
    moved = np.concatenate([source.colours, sample.colours])
    for rotation in _rotations(generator):
        rotated, aims = moved @ rotation, aim.colours @ rotation
        for axis in range(3):
            values = rotated[:, axis]
            old = _quantiles(values[count:], sample.weights)
            new = _quantiles(aims[:, axis], aim.weights)
            values += _STEP * (_mapped(values, old, new) - values)
        moved = rotated @ rotation.T
    return np.asarray(moved[:count])


def _rotations(generator: np.random.Generator) -> Iterator[Floats]:
    """Yield ``ROUNDS`` random orthogonal matrices (3, 3), uniformly distributed."""
    for _ in range(ROUNDS):
        orthogonal, triangular = np.linalg.qr(generator.standard_normal((3, 3)))
        # With these signs the distribution is uniform (Mezzadri, 2007).
        yield orthogonal * np.sign(np.diag(triangular))


def _quantiles(values: Floats, weights: Floats) -> Floats:
    """Return the quantiles of weighted values at ``_LEVELS``."""
    order = np.argsort(values, kind="stable")
    sorted_weights = weights[order]
    cumulated = np.cumsum(sorted_weights)
    middles = (cumulated - sorted_weights / 2) / cumulated[-1]
    return np.asarray(np.interp(_LEVELS, middles, values[order]))


def _mapped(values: Floats, old: Floats, new: Floats) -> Floats:
    """Return values mapped piecewise linearly from the old quantiles to the new ones.

    Many equal colours have several quantiles; they get the mean of the new ones. Beyond the
    outermost quantiles the slope is 1.
    """
    places, number = np.unique(old, return_inverse=True)
    means: NDArray[Any] = np.bincount(number, new) / np.bincount(number)
    beyond = values - np.clip(values, places[0], places[-1])
    return np.asarray(np.interp(values, places, means) + beyond)
