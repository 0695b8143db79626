"""The sliced Wasserstein distance: features are projected on directions, and sorted there.

See ``nst_core.backend.Objective``. Core draws the directions and finds the styles' quantiles.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from nst_jax._framework import Tensor
from nst_jax.precision import EXACT


def project(features: Tensor, directions: Tensor) -> Tensor:
    """Return the projections (P, N) of features (H, W, C) on directions (P, C)."""
    flat = features.reshape(-1, features.shape[-1])
    return jnp.matmul(directions, flat.T, precision=EXACT)


class Quantiles(NamedTuple):
    """The quantiles of a style (P, K), float64, along directions (P, C)."""

    table: Tensor
    directions: Tensor

    def distance(self, features: Tensor, density: Tensor | None) -> Tensor:
        """Return the distance () of features (H, W, C).

        Args:
            features: The features.
            density: (H, W), of sum 1; None if all pixels weigh the same.
        """
        values = project(features, self.directions)
        if density is None:
            ordered = lax.sort(values, dimension=1, is_stable=True)
            weights = jnp.full((1, values.shape[1]), 1 / values.shape[1], jnp.float64)
        else:
            given = jnp.broadcast_to(density.reshape(1, -1), values.shape).astype(jnp.float64)
            # Equal values keep the order of their pixels, as on every backend.
            ordered, weights = lax.sort((values, given), dimension=1, is_stable=True, num_keys=1)
        weights = lax.stop_gradient(weights)
        squares = (ordered - self._at(weights).astype(values.dtype)) ** 2
        return (squares * weights).sum() / len(values)

    def _at(self, weights: Tensor) -> Tensor:
        """Return the quantiles (P, N) at the middles of weights (P, N) or (1, N)."""
        last = self.table.shape[1] - 1
        middles = jnp.cumsum(weights, axis=1) - weights / 2
        places = jnp.clip(middles * (last + 1) - 0.5, 0, last)
        return jax.vmap(lambda at, table: jnp.interp(at, jnp.arange(last + 1.0), table))(
            jnp.broadcast_to(places, (len(self.table), places.shape[1])), self.table
        )
