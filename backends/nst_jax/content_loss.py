"""Distances between features, which the content losses are; Gram matrices have them too."""

from __future__ import annotations

import jax.numpy as jnp

from nst_core.backend import SCALED_EPSILON, Distance
from nst_jax._framework import Tensor
from nst_jax.reductions import mean, total


def absolute(x: Tensor) -> Tensor:
    """Return |x|, whose derivative at 0 is 0; that of ``jnp.abs`` is 1 there."""
    return x * jnp.sign(x)


def distance(difference: Tensor, kind: Distance, visibility: Tensor | None = None) -> Tensor:
    """Return the mean square of a difference D, or sum(D^2) / (sum|D| + 1e-8).

    Args:
        difference: (H, W, C); (C, C) for Gram matrices.
        kind: Which of the two.
        visibility: (H, W), the weight of each pixel in the mean or sums; None if all count alike.
    """
    weights = 1.0 if visibility is None else visibility[:, :, None]
    squared = weights * difference * difference
    if kind == "scaled":
        return total(squared) / (total(weights * absolute(difference)) + SCALED_EPSILON)
    if visibility is None:
        return mean(squared)
    return total(squared) / (difference.shape[-1] * total(visibility))
