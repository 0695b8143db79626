"""The 2-Wasserstein distance of normal distributions, in float64.

The eigenvalues of the product of two covariances range over a dozen powers of ten.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nst_core.backend import COVARIANCE_EPSILON
from nst_jax._framework import Tensor


class Gaussian(NamedTuple):
    """A normal distribution that others are compared with, in float64.

    Attributes:
        mean: (C,).
        covariance: (C, C), with epsilon on its diagonal.
        root: (C, C), the root of the covariance.
    """

    mean: Tensor
    covariance: Tensor
    root: Tensor

    @classmethod
    def of(cls, mean: Tensor, second_moment: Tensor) -> Gaussian:
        """Return the distribution of a mean (C,) and a second moment E[f f^T] (C, C)."""
        covariance = _regularised(second_moment - jnp.outer(mean, mean))
        values, vectors = jnp.linalg.eigh(covariance)
        roots = jnp.sqrt(jnp.maximum(values, COVARIANCE_EPSILON))
        return cls(mean, covariance, (vectors * roots) @ vectors.T)

    def distance(self, mean: Tensor, covariance: Tensor) -> Tensor:
        """Return the squared distance (), divided by C, to a distribution of any dtype.

        Args:
            mean: (C,).
            covariance: (C, C).
        """
        regular = _regularised(covariance.astype(jnp.float64))
        shift = ((mean.astype(jnp.float64) - self.mean) ** 2).sum()
        trace = _sqrt_trace(regular, self.root)
        spread = jnp.trace(regular) + jnp.trace(self.covariance) - 2 * trace
        return (shift + spread) / self.mean.shape[0]


@jax.custom_vjp
def _sqrt_trace(covariance: Tensor, root: Tensor) -> Tensor:
    """Return tr((R K R)^1/2) of a covariance K (C, C) and a root R.

    Its gradient is dtr/dK = R (R K R)^-1/2 R / 2. JAX's gradient of ``eigh`` divides by differences
    of eigenvalues, which may be equal. The closed form needs none.
    """
    return _forward(covariance, root)[0]


def _forward(covariance: Tensor, root: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    values, vectors = jnp.linalg.eigh(root @ covariance @ root)
    # Except for rounding none is smaller: both K and R^2 have epsilon on the diagonal.
    roots = jnp.sqrt(jnp.maximum(values, COVARIANCE_EPSILON**2))
    return roots.sum(), (root @ vectors, roots)


def _backward(kept: tuple[Tensor, Tensor], outer: Tensor) -> tuple[Tensor, None]:
    basis, roots = kept
    return 0.5 * outer * (basis / roots) @ basis.T, None


_sqrt_trace.defvjp(_forward, _backward)


def _regularised(covariance: Tensor) -> Tensor:
    return covariance + COVARIANCE_EPSILON * jnp.eye(covariance.shape[0], dtype=covariance.dtype)
