"""Style statistics: Gram matrices, or means and covariances, of whole pictures or of regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jax.numpy as jnp

from nst_core.backend import Statistics
from nst_jax._framework import Tensor
from nst_jax.precision import EXACT
from nst_jax.reductions import mean

Density = Tensor | None
"""(H, W), of sum 1: how much each pixel of a map counts. None if all count alike."""

Densities = Mapping[str, Mapping[int, Density]]
"""Tap -> number of the region -> its density."""


def gram_matrix(features: Tensor, density: Density) -> Tensor:
    """Return F^T diag(density) F / C (C, C) of features (H, W, C)."""
    flat = features.reshape(-1, features.shape[-1])
    return _second_moment(flat, density) / flat.shape[1]


def mean_and_covariance(features: Tensor, density: Density) -> tuple[Tensor, Tensor]:
    """Return the mean (C,) and covariance (C, C) of the pixels of features (H, W, C)."""
    flat = features.reshape(-1, features.shape[-1])
    weights = 1.0 if density is None else flat.shape[0] * density.reshape(-1, 1)
    centre = mean(flat * weights, axis=0)
    # The mean is subtracted before anything is squared, which keeps the digits in float32.
    return centre, _second_moment(flat - centre, density)


def additive(
    features: Mapping[str, Tensor], densities: Densities, statistics: Statistics
) -> dict[str, dict[int, Sequence[Tensor]]]:
    """Return tap -> region -> statistics whose weighted sum is that of a mixture of pictures."""
    return {
        tap: {
            number: _additive(features[tap], density, statistics)
            for number, density in regions.items()
        }
        for tap, regions in densities.items()
    }


def _additive(features: Tensor, density: Density, statistics: Statistics) -> Sequence[Tensor]:
    if statistics == "gram":
        return [gram_matrix(features, density)]
    found = mean_and_covariance(features, density)
    centre, covariance = (one.astype(jnp.float64) for one in found)
    # Second moments add up to those of the mixture; covariances do not.
    return [centre, covariance + jnp.outer(centre, centre)]


def _second_moment(flat: Tensor, density: Density) -> Tensor:
    """Return the mean of f f^T over the pixels (N, C), each weighted by the density."""
    if density is None:
        return jnp.matmul(flat.T, flat, precision=EXACT) / flat.shape[0]
    weighted = flat * density.reshape(-1, 1)
    return jnp.matmul(weighted.T, flat, precision=EXACT)
