"""Where the maps of ``strips`` live: allocated once, some of them shared by turns."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nst_pytorch.maps import FeatureMap


def bordered(
    height: int, width: int, channels: int, *, least: Sequence[int] = (0, 0)
) -> tuple[int, int, int]:
    """Return the whole shape (H', W', C) of a map whose 4x4 tiles all have their neighbours.

    One row and column of zeros lie before the values; after them is room for whole tiles and one
    more, and for ``least`` rows and columns in all.
    """
    rows, columns = (4 * -(-length // 4) + 2 for length in (height, width))
    return max(rows, least[0]), max(columns, least[1]), channels


def own(shape: Sequence[int], size: tuple[int, int], dtype: torch.dtype) -> FeatureMap:
    """Return a map of zeros, of ``size`` (H, W) in the whole ``shape``, with its own buffer."""
    return FeatureMap(torch.zeros(*shape, dtype=dtype), 1, 1, *size)


class Turns:
    """A buffer that maps take turns in; it is as large as the largest of them.

    Args:
        dtype: Of the values.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._size = 0
        self._flat: Tensor | None = None

    def reserve(self, shape: Sequence[int]) -> None:
        """See that a map of ``shape`` will find room; before the first one is made."""
        self._size = max(self._size, shape[0] * shape[1] * shape[2])

    @property
    def bytes(self) -> int:
        """How large it is, or will be."""
        return self._size * self._dtype.itemsize

    def map(self, shape: Sequence[int], size: tuple[int, int]) -> FeatureMap:
        """Return a map of ``size`` (H, W) in the whole ``shape``, with whatever values."""
        if self._flat is None:
            self._flat = torch.zeros(self._size, dtype=self._dtype)
        values = self._flat[: shape[0] * shape[1] * shape[2]]
        return FeatureMap(values.view(*shape), 1, 1, *size)


def clear_border(feature_map: FeatureMap) -> None:
    """Make the border zero again, after another map had its turn in the same place."""
    whole, top, left = feature_map.whole, feature_map.top, feature_map.left
    bottom, right = top + feature_map.height, left + feature_map.width
    whole[:top].zero_()
    whole[bottom:].zero_()
    whole[top:bottom, :left].zero_()
    whole[top:bottom, right:].zero_()
