"""The loss of nearest neighbours: 1 - cosine to the targets that were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax.numpy as jnp

from nst_core.backend import FLAT
from nst_jax._framework import Tensor
from nst_jax.precision import EXACT
from nst_jax.reductions import total
from nst_jax.resampling import Matrices, resampled


class Sampling(NamedTuple):
    """How a group's features are read: tap -> matrices, and tap -> factor of its map."""

    matrices: Mapping[str, Matrices]
    factors: Mapping[str, float]


class RegionTargets(NamedTuple):
    """The targets of one region, at all positions of the grid.

    Attributes:
        weights: (n,), the weight of each position; 0 outside the region.
        directions: (n, D), the targets, of norm 1; or 0 if flat, and outside the region.
    """

    weights: Tensor
    directions: Tensor


class GroupTarget(NamedTuple):
    """What a group of taps is compared with: the grid, and the targets of each region."""

    sampling: Sampling
    regions: Sequence[RegionTargets]


def side_by_side(features: Mapping[str, Tensor], sampling: Sampling) -> Tensor:
    """Return the features (n, D) of a group on its grid, each tap's times its factor."""
    parts = [
        sampling.factors[tap] * resampled(features[tap], reading)
        for tap, reading in sampling.matrices.items()
    ]
    return jnp.concatenate(parts, axis=1)


def matched_loss(features: Mapping[str, Tensor], target: GroupTarget, *, centred: bool) -> Tensor:
    """Return the sum over positions p of u_p * (1 - cos(F_p, T_p)), not weighted."""
    values = side_by_side(features, target.sampling)
    losses = []
    for weights, directions in target.regions:
        shares = weights / weights.sum()
        mean = float(centred) * jnp.matmul(shares, values, precision=EXACT)
        cosines = (directions_of(values, mean) * directions).sum(axis=1)
        losses.append(total(weights * (1 - cosines)))
    return jnp.stack(losses).sum()


def directions_of(values: Tensor, mean: Tensor) -> Tensor:
    """Return features (n, D) less a mean (D,) with norm 1; or 0 if they are flat."""
    found = values - mean
    squares, own = (found * found).sum(axis=1), (values * values).sum(axis=1)
    flat = squares <= FLAT**2 * own
    # Where a feature is flat, the root is that of 1: the gradient of a quotient by 0 is no number.
    inverse = jnp.where(flat, 0, 1 / jnp.sqrt(jnp.where(flat, 1, squares)))
    return found * inverse[:, None]
