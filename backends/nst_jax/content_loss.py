"""Distances between features, which the content losses are; Gram matrices have them too."""

from __future__ import annotations

import jax.numpy as jnp

from nst_core.backend import SCALED_EPSILON, Distance
from nst_jax._framework import Tensor
from nst_jax.reductions import mean, total


def absolute(x: Tensor) -> Tensor:
    """Return |x|, whose derivative at 0 is 0; that of ``jnp.abs`` is 1 there."""
    return x * jnp.sign(x)


def distance(difference: Tensor, kind: Distance) -> Tensor:
    """Return the mean square of a difference, or sum(D^2) / (sum|D| + 1e-8)."""
    squared = difference * difference
    if kind == "mse":
        return mean(squared)
    return total(squared) / (total(absolute(difference)) + SCALED_EPSILON)
