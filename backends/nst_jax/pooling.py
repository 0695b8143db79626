"""Pooling of 2x2 values; an odd last row or column is dropped.

Maxima are found by comparisons. The gradient of XLA's own window operation is a scatter, which is
slow on a CPU; and the gradient of ``jnp.maximum`` is shared between equal values, while the
documents' frameworks give it to the first of them.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from nst_core.backend import Pooling
from nst_jax._framework import Tensor


def pool(x: Tensor, pooling: Pooling) -> Tensor:
    """Return the maxima or means of 2x2 values of ``x`` (H, W, C): (H // 2, W // 2, C)."""
    height, width, channels = x.shape[0] // 2, x.shape[1] // 2, x.shape[2]
    windows = x[: 2 * height, : 2 * width].reshape(height, 2, width, 2, channels)
    if pooling == "average":
        return windows.mean(axis=(1, 3))
    return _first_maximum(_first_maximum(windows, axis=3), axis=1)


def _first_maximum(pairs: Tensor, *, axis: int) -> Tensor:
    first, second = (lax.index_in_dim(pairs, n, axis, keepdims=False) for n in (0, 1))
    # A value that is not a number must stay one, so that a run that diverges is found.
    return jnp.where((second > first) | jnp.isnan(second), second, first)
