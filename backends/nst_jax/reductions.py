"""Sums that are added up in float64.

XLA adds up values on a CPU one after the other. In float32 a sum over all pixels would lose digits.
"""

from __future__ import annotations

import jax.numpy as jnp

from nst_jax._framework import Tensor


def total(x: Tensor) -> Tensor:
    """Return the sum () of ``x``, in its dtype."""
    return jnp.sum(x, dtype=jnp.float64).astype(x.dtype)


def mean(x: Tensor, axis: int | None = None) -> Tensor:
    """Return the mean of ``x``, of all values or along an axis, in its dtype."""
    return jnp.mean(x, axis=axis, dtype=jnp.float64).astype(x.dtype)
