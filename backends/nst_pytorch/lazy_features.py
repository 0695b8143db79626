"""Features that are not stored as a whole: base class, and the features of a part of a map."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from typing_extensions import override

from nst_pytorch.feature_map import FeatureMap, Features

_ROWS = 16
"""Rows that are copied at a time."""


class LazyFeatures(ABC):
    """The members of ``Features`` that need a copy, for features that are not stored as a whole.

    Every access computes all values and allocates memory for them. A worker's own thread must not
    use these members.
    """

    @abstractmethod
    def copy(self) -> FeatureMap:
        """Return a copy, padding included, in a buffer of its own."""

    @property
    def padded(self) -> Tensor:
        """A copy of the values with their padding: (H', W', C), contiguous."""
        return self.copy().padded

    @property
    def interior(self) -> Tensor:
        """A view (H, W, C) of a copy, without the padding."""
        return self.copy().interior

    @property
    def nchw(self) -> Tensor:
        """A view (1, C, H, W) of a copy, without the padding; its strides are channels_last's."""
        return self.copy().nchw


class CroppedFeatures(LazyFeatures):
    """A part of a map's features, as ``Features`` without padding; its rows are views.

    Args:
        features: The features of the map.
        rows: Which rows, counted without the padding.
        columns: Which columns, likewise.
    """

    pad_left = 0

    def __init__(self, features: Features, rows: slice, columns: slice) -> None:
        self._features = features
        self._top = rows.start
        begin = features.pad_left
        self._columns = slice(begin + columns.start, begin + columns.stop)
        self.height, self.width = rows.stop - rows.start, columns.stop - columns.start
        self.channels = features.channels
        self.pixels = self.height * self.width
        self.padded_width = self.width
        self.padded_size = self.height, self.width
        self.dtype, self.device = features.dtype, features.device

    def rows(self, top: int, count: int, worker: int) -> Tensor:
        """Return a view of some rows (count, W, C); see ``Features.rows``."""
        return self._features.rows(self._top + top, count, worker)[:, self._columns]

    def with_values(self, padded: Tensor) -> FeatureMap:
        """Return other values (H, W, C) as a map without padding."""
        return FeatureMap(padded, 0, 0, self.height, self.width)

    @override
    def copy(self) -> FeatureMap:
        shape = *self.padded_size, self.channels
        values = torch.empty(shape, dtype=self.dtype, device=self.device)
        for top in range(0, self.height, _ROWS):
            count = min(_ROWS, self.height - top)
            values[top : top + count].copy_(self.rows(top, count, 0))
        return self.with_values(values)
