"""A part of a layer's features."""

from __future__ import annotations

import torch
from torch import Tensor

from nst_pytorch.maps import Copied, FeatureMap, Features

_LINES = 16
"""Rows that are copied at a time."""


class Crop(Copied):
    """A part of a map's features, as ``Features`` without a border; its lines are views.

    Args:
        features: The map's.
        rows: Which, counted without the border.
        columns: Likewise.
    """

    left = 0

    def __init__(self, features: Features, rows: slice, columns: slice) -> None:
        self._features = features
        self._top = rows.start
        self._columns = slice(features.left + columns.start, features.left + columns.stop)
        self.height, self.width = rows.stop - rows.start, columns.stop - columns.start
        self.channels = features.channels
        self.pixels = self.height * self.width
        self.span = self.width
        self.whole_size = self.height, self.width
        self.dtype, self.device = features.dtype, features.device

    def lines(self, top: int, count: int, worker: int) -> Tensor:
        """See ``Features``."""
        return self._features.lines(self._top + top, count, worker)[:, self._columns]

    def laid(self, whole: Tensor) -> FeatureMap:
        """See ``Features``."""
        return FeatureMap(whole, 0, 0, self.height, self.width)

    def copy(self) -> FeatureMap:
        """See ``Features``."""
        whole = torch.empty(*self.whole_size, self.channels, dtype=self.dtype, device=self.device)
        for top in range(0, self.height, _LINES):
            count = min(_LINES, self.height - top)
            whole[top : top + count].copy_(self.lines(top, count, 0))
        return self.laid(whole)
