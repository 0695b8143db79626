"""Padding by one pixel on each side."""

from __future__ import annotations

import jax.numpy as jnp

from nst_core.backend import Padding
from nst_jax._framework import Tensor


def pad(x: Tensor, padding: Padding) -> Tensor:
    """Return ``x`` (H, W, C) with zeros, or with its edge repeated, outside: (H + 2, W + 2, C)."""
    mode = "edge" if padding == "replicate" else "constant"
    return jnp.pad(x, ((1, 1), (1, 1), (0, 0)), mode=mode)
