"""3x3 convolutions of maps (H, W, C)."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from nst_jax._framework import Tensor
from nst_jax.precision import EXACT, Arithmetic


def convolve(padded: Tensor, kernel: Tensor, arithmetic: Arithmetic) -> Tensor:
    """Return the convolution (H, W, O) of a padded map (H + 2, W + 2, I).

    Args:
        padded: The map, with one pixel more on each side.
        kernel: (3, 3, I, O).
        arithmetic: How it is computed.
    """
    if padded.dtype == jnp.float64:
        return _by_products(padded, kernel)
    found = lax.conv_general_dilated(
        padded[None].astype(arithmetic.dtype),
        kernel.astype(arithmetic.dtype),
        window_strides=(1, 1),
        padding="VALID",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=arithmetic.precision,
    )
    return found[0].astype(padded.dtype)


def _by_products(padded: Tensor, kernel: Tensor) -> Tensor:
    """Return the convolution as the sum of nine matrix products, one for each place in the kernel.

    For float64 XLA has only plain loops on a CPU, in 0.12 for the gradient alone, which take five
    to forty times as long. The products are a loop too: nine of them compile twice as long.
    """
    height, width = padded.shape[0] - 2, padded.shape[1] - 2
    rows, columns = jnp.divmod(jnp.arange(9), 3)

    def add(total: Tensor, place: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, None]:
        row, column, weights = place
        part = lax.dynamic_slice(padded, (row, column, 0), (height, width, padded.shape[2]))
        return total + jnp.matmul(part, weights, precision=EXACT), None

    start = jnp.zeros((height, width, kernel.shape[3]), padded.dtype)
    places = (rows, columns, kernel.reshape(9, *kernel.shape[2:]))
    total, _ = lax.scan(add, start, places)
    return total
