"""A map's values on a grid of positions, by linear interpolation."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from nst_core.arrays import Array
from nst_core.backend.positions import Grid, Indices, Interpolation
from nst_jax._framework import Tensor
from nst_jax.precision import EXACT

Matrices = tuple[Tensor, Tensor]
"""(g, H) and (k, W): what each row and each column of the grid reads of a map."""


def matrices(grid: Grid, size: tuple[int, int], tensor: Callable[[Array], Tensor]) -> Matrices:
    """Return the matrices of a grid, which lies on a map of any size, for maps of ``size``."""
    rows, columns = (
        tensor(_matrix(positions, base=base, length=length))
        for positions, base, length in zip((grid.rows, grid.columns), grid.size, size, strict=True)
    )
    return rows, columns


def resampled(features: Tensor, reading: Matrices) -> Tensor:
    """Return the values (g * k, C) of features (H, W, C) on a grid."""
    rows, columns = reading
    found = jnp.einsum("gh,hwc->gwc", rows, features, precision=EXACT)
    found = jnp.einsum("kw,gwc->gkc", columns, found, precision=EXACT)
    return found.reshape(-1, features.shape[-1])


def _matrix(positions: Indices, *, base: int, length: int) -> Array:
    """Return the weights (positions, length) of an interpolation, float64."""
    interpolation = Interpolation.of(positions, size=base, length=length)
    numbers = np.arange(len(positions))
    matrix = np.zeros((len(positions), length))
    np.add.at(matrix, (numbers, interpolation.low), 1 - interpolation.fraction)
    np.add.at(matrix, (numbers, interpolation.high), interpolation.fraction)
    return matrix
