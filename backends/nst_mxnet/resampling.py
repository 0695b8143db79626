"""A map's values on a grid of positions, by linear interpolation, and the gradient back."""

from __future__ import annotations

import numpy as np

from nst_core.arrays import Array
from nst_core.backend.positions import Grid, Indices, Interpolation
from nst_mxnet._framework import Tensor, mx
from nst_mxnet.layout import device_of, like_array


class Resampling:
    """The values of maps of one size on a grid: a product with a matrix along each axis.

    Args:
        grid: The positions, on a map of any size.
        size: (H, W) of the maps.
        like: An array of the maps' dtype, on their device.
    """

    def __init__(self, grid: Grid, size: tuple[int, int], *, like: Tensor) -> None:
        self._size = size
        self._rows, columns = (
            _matrix(positions, base=base, length=length)
            for positions, base, length in zip(
                (grid.rows, grid.columns), grid.size, size, strict=True
            )
        )
        self._columns = like_array(columns, like)
        self.shape = grid.shape

    def of(self, features: Tensor, rows: slice) -> Tensor:
        """Return what some rows of a map add to the values (C, g, k) on the grid.

        Args:
            features: (1, C, rows, W).
            rows: Which rows of the whole map these are.
        """
        channels, band = features.shape[1], self._band(rows)
        with device_of(features):
            out = mx.np.zeros((channels, *self.shape), dtype=features.dtype)
        if band.start < band.stop:
            weights = like_array(self._rows[band, rows], features)
            found = mx.np.matmul(weights, features[0])
            out[:, band] = mx.np.matmul(found, self._columns.T)
        return out

    def gradient(self, values: Tensor, rows: slice) -> Tensor:
        """Return the gradient (1, C, rows, W) of some rows, from that of the values (C, g, k)."""
        band = self._band(rows)
        if band.start >= band.stop:
            shape = (1, values.shape[0], rows.stop - rows.start, self._size[1])
            with device_of(values):
                return mx.np.zeros(shape, dtype=values.dtype)
        weights = like_array(np.ascontiguousarray(self._rows[band, rows].T), values)
        across = mx.np.matmul(values[:, band], self._columns)
        return mx.np.expand_dims(mx.np.matmul(weights, across), 0)

    def _band(self, rows: slice) -> slice:
        """Return the positions along the rows that read any of these rows."""
        (reading,) = np.nonzero(self._rows[:, rows].any(axis=1))
        return slice(int(reading[0]), int(reading[-1]) + 1) if len(reading) else slice(0, 0)


def _matrix(positions: Indices, *, base: int, length: int) -> Array:
    """Return the weights (positions, length) of an interpolation, float64."""
    interpolation = Interpolation.of(positions, size=base, length=length)
    numbers = np.arange(len(positions))
    matrix = np.zeros((len(positions), length))
    np.add.at(matrix, (numbers, interpolation.low), 1 - interpolation.fraction)
    np.add.at(matrix, (numbers, interpolation.high), interpolation.fraction)
    return matrix
