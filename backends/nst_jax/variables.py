"""What Adam moves: the normalised image, or the levels of its Laplacian pyramid.

See ``nst_core.optimisers.LaplacianPyramid``. The image is a linear function of the variables, and
JAX finds its adjoint. Interpolation is a product with a matrix for each side.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import jax.numpy as jnp

from nst_core.optimisers import interpolation, level_sizes
from nst_jax import layout
from nst_jax._framework import Tensor
from nst_jax.precision import EXACT

Enlarging = Sequence[tuple[Tensor, Tensor]]
"""For each level but the coarsest: the matrices (h, h') of the rows and (w, w') of the columns that
enlarge the next coarser image (h', w') to its size. Empty if the variable is the image itself."""


def enlarging_of(*, height: int, width: int, levels: int, device: Any, dtype: str) -> Enlarging:
    """Return the matrices of a pyramid with that many levels; none for 0 levels."""

    def matrix(to: int, source: int) -> Tensor:
        return layout.to_tensor(interpolation(to=to, source=source), device=device, dtype=dtype)

    sizes = level_sizes(height=height, width=width, levels=levels)
    return [
        (matrix(finer[0], coarser[0]), matrix(finer[1], coarser[1]))
        for finer, coarser in pairwise(sizes)
    ]


def composed(enlarging: Enlarging, z: Tensor) -> Tensor:
    """Return the image (H, W, 3) of the variables, which are (N, 3), or the image itself."""
    if not enlarging:
        return z
    levels, start = [], 0
    for rows, columns in enlarging:
        height, width = len(rows), len(columns)
        levels.append(z[start : start + height * width].reshape(height, width, 3))
        start += height * width
    rows, columns = enlarging[-1]
    image = z[start:].reshape(rows.shape[1], columns.shape[1], 3)
    for level, (rows, columns) in zip(reversed(levels), reversed(enlarging), strict=True):
        enlarged = jnp.einsum("ah,hwc->awc", rows, image, precision=EXACT)
        image = level + jnp.einsum("bw,awc->abc", columns, enlarged, precision=EXACT)
    return image
