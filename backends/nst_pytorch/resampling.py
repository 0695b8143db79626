"""A map's values on a grid of positions, by linear interpolation, and the gradient back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from nst_core.backend.positions import Grid, Interpolation
from nst_pytorch.feature_map import Features, Window
from nst_pytorch.joint_loss import MapLayout
from nst_pytorch.reductions import PIECE_SIZE
from nst_pytorch.thread_pool import thread_pool

_ROWS = 16
"""Rows of a map that a worker reads at a time."""


class _Axis:
    """The interpolation along one axis, as tensors too.

    Attributes:
        weights: (length, positions), with which a gradient goes back: two values per column.
    """

    def __init__(self, interpolation: Interpolation, length: int, *, like: Tensor) -> None:
        self.low, self.high = interpolation.low, interpolation.high
        self.count = len(self.low)
        numbers = np.arange(self.count)
        weights = np.zeros((length, self.count))
        np.add.at(weights, (self.low, numbers), 1 - interpolation.fraction)
        np.add.at(weights, (self.high, numbers), interpolation.fraction)
        device, dtype = like.device, like.dtype
        self.weights = torch.tensor(weights, device=device, dtype=dtype)
        self.fraction = torch.tensor(interpolation.fraction, device=device, dtype=dtype)
        self.indices = torch.tensor(np.stack([self.low, self.high]), device=device)

    def band(self, start: int, stop: int) -> slice:
        """Return the positions that read any of the values from ``start`` to ``stop``."""
        return slice(int(np.searchsorted(self.high, start)), int(np.searchsorted(self.low, stop)))

    def take(self, values: Tensor, band: slice, *, axis: int, start: int, stop: int) -> Tensor:
        """Return the positions of a band, from the values from ``start`` to ``stop`` alone.

        Args:
            values: Whatever lies along ``axis`` from ``start`` to ``stop``.
            band: Which positions.
            axis: 0 or 1.
            start: The first of the values; the ones before it count as 0.
            stop: The end of the values; the ones behind it count as 0.
        """
        low, high = self.indices[:, band]
        share = self.fraction[band]
        if start > 0 or stop < len(self.weights):
            below, above = ((one >= start) & (one < stop) for one in (low, high))
            shares = (1 - share) * below, share * above
            low, high = (one.clamp(start, stop - 1) - start for one in (low, high))
        else:
            shares = 1 - share, share
        shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
        found = values.index_select(axis, low).mul_(shares[0].view(shape))
        return found.addcmul_(values.index_select(axis, high), shares[1].view(shape))

    def copy_(self, other: _Axis) -> None:
        """Take the values of another axis of the same sizes, in the same tensors."""
        self.low, self.high = other.low, other.high
        for name in ("weights", "fraction", "indices"):
            getattr(self, name).copy_(getattr(other, name))

    @property
    def sizes(self) -> tuple[int, int]:
        return len(self.weights), self.count


class Resampling:
    """The values of maps of one size on a grid.

    Args:
        grid: The positions, on a map of any size.
        size: (H, W) of the maps.
        like: A tensor of the maps' dtype, on their device.
    """

    def __init__(self, grid: Grid, size: tuple[int, int], *, like: Tensor) -> None:
        self._rows, self._columns = (
            _Axis(Interpolation.of(positions, size=base, length=length), length, like=like)
            for positions, base, length in zip(
                (grid.rows, grid.columns), grid.size, size, strict=True
            )
        )

    @property
    def sizes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Lengths and numbers of positions of both axes."""
        return self._rows.sizes, self._columns.sizes

    def copy_(self, other: Resampling) -> None:
        """Take the positions of another one of the same sizes, in the same tensors."""
        self._rows.copy_(other._rows)
        self._columns.copy_(other._columns)

    def of(self, part: Features, window: Window) -> Tensor:
        """Return what a part of a map adds to the values (g, k, C) on the grid.

        Args:
            part: A part of a map.
            window: The window of the whole map that it lies in, without padding; or ``ALL``.
        """
        top, left = (axis.start or 0 for axis in window)
        rows = self._rows.band(top, top + part.height)
        columns = self._columns.band(left, left + part.width)
        shape = self._rows.count, self._columns.count, part.channels
        out = torch.zeros(shape, dtype=part.dtype, device=part.device)

        def strip(worker: int, band: slice) -> None:
            start = max(top, int(self._rows.low[band.start]))
            stop = min(top + part.height, int(self._rows.high[band.stop - 1]) + 1)
            values = part.rows(start - top, stop - start, worker)
            values = values[:, part.pad_left : part.pad_left + part.width]
            found = self._rows.take(values, band, axis=0, start=start, stop=stop)
            out[band, columns] = self._columns.take(
                found, columns, axis=1, start=left, stop=left + part.width
            )

        self._by_strips(part, rows, strip)
        return out

    def add_gradient(
        self, gradient: Tensor, values: Tensor, window: Window, layout: MapLayout
    ) -> None:
        """Add the gradient (g, k, C) of the values on the grid to that of a window of a map.

        Args:
            gradient: (rows, columns, C), changed in place.
            values: (g, k, C).
            window: The window, which counts the padding.
            layout: The map's padding.
        """
        inside, bands, weights = [], [], []
        for axis, one, padded in zip(
            window, (self._rows, self._columns), layout.padded_size, strict=True
        ):
            start, stop, _ = axis.indices(padded)
            first = max(start, layout.pad)
            last = min(stop, layout.pad + len(one.weights))
            if first >= last:
                return
            band = one.band(first - layout.pad, last - layout.pad)
            if band.start >= band.stop:
                return
            inside.append(slice(first - start, last - start))
            bands.append(band)
            weights.append(one.weights[first - layout.pad : last - layout.pad, band])
        across = torch.matmul(weights[1], values[bands[0], bands[1]])
        found = weights[0] @ across.reshape(len(across), -1)
        target = gradient[inside[0], inside[1]]
        target.add_(found.view(target.shape))

    def _by_strips(self, part: Features, rows: slice, strip: Callable[[int, slice], None]) -> None:
        """Call ``strip(worker, band)`` for the positions of all rows, on the workers if it pays."""
        count = rows.stop - rows.start
        if count <= 0:
            return
        values = part.height * part.width * part.channels
        if part.device.type != "cpu":
            strip(0, rows)
            return
        step = max(1, _ROWS * count // part.height)
        bands = [
            slice(first, min(first + step, rows.stop))
            for first in range(rows.start, rows.stop, step)
        ]
        if values < PIECE_SIZE:
            for band in bands:
                strip(0, band)
        else:
            thread_pool().map(bands, strip)
