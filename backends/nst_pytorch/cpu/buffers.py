"""The memory of the CPU engine: allocated once, and partly shared by maps that alternate."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

from nst_pytorch.feature_map import FeatureMap

INPUT_TILES, V, M, PIXELS = "input tiles", "V", "M", "pixels"
"""The names of a worker's buffers, after the main content of each.

V are the transformed input tiles and M their products with the kernels, in the letters of Lavin and
Gray; PIXELS is a tile block of a map. Each buffer also holds the temporary values of other steps,
while its own content is not needed."""


def padded_shape(
    height: int, width: int, channels: int, *, least: Sequence[int] = (0, 0)
) -> tuple[int, int, int]:
    """Return the shape (H', W', C) of a map in which every 4x4 tile has its neighbours.

    One row and one column of zeros lie before the values. After them is space for whole tiles and
    one more row and column, and for at least ``least`` rows and columns in total.
    """
    rows, columns = (4 * -(-length // 4) + 2 for length in (height, width))
    return max(rows, least[0]), max(columns, least[1]), channels


def allocate(shape: Sequence[int], size: tuple[int, int], dtype: torch.dtype) -> FeatureMap:
    """Return a map of zeros, of ``size`` (H, W) in a padded ``shape``, with its own buffer."""
    return FeatureMap(torch.zeros(*shape, dtype=dtype), 1, 1, *size)


class SharedBuffer:
    """A buffer that several maps use one after the other.

    Args:
        values: The number of values of the largest of these maps.
        dtype: The dtype of the values.
    """

    def __init__(self, values: int, dtype: torch.dtype) -> None:
        self._flat = torch.zeros(values, dtype=dtype)

    def feature_map(self, shape: Sequence[int], size: tuple[int, int]) -> FeatureMap:
        """Return a map of ``size`` (H, W) in a padded ``shape``; its values are arbitrary."""
        values = self._flat[: shape[0] * shape[1] * shape[2]]
        return FeatureMap(values.view(*shape), 1, 1, *size)


def clear_padding(feature_map: FeatureMap) -> None:
    """Set the padding to zero again, after another map has used the same buffer."""
    padded, top, left = feature_map.padded, feature_map.pad_top, feature_map.pad_left
    bottom, right = top + feature_map.height, left + feature_map.width
    padded[:top].zero_()
    padded[bottom:].zero_()
    padded[top:bottom, :left].zero_()
    padded[top:bottom, right:].zero_()


class Scratch:
    """One worker's buffers, in its core's cache; each holds one step's results for the next step.

    Attributes:
        dtype: The dtype of the values.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self._flat: dict[str, Tensor] = {}
        self._cached: dict[Hashable, Any] = {}

    def take(self, name: str, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
        """Return the first values of a buffer in a shape; they are what was last written there.

        Args:
            name: The name of the buffer.
            shape: The shape.
            dtype: The dtype as which the buffer's bytes are read, of at most as many bytes per
                value; by default the dtype of ``Scratch``.
        """
        if dtype is not None and dtype != self.dtype:
            per_value = self.dtype.itemsize // dtype.itemsize
            size = math.prod(shape)
            return self.take(name, -(-size // per_value)).view(dtype)[:size].view(shape)
        size = math.prod(shape)
        flat = self._flat.get(name)
        if flat is None or flat.numel() < size:
            flat = self._flat[name] = torch.empty(size, dtype=self.dtype)
            self._cached.clear()  # their views would keep the smaller buffer alive
        return flat[:size].view(shape)

    def cached(self, key: Hashable, make: Callable[[Scratch], Any]) -> Any:
        """Return ``make(self)``, views of these buffers that are made once per key."""
        if key not in self._cached:
            self._cached[key] = make(self)
        return self._cached[key]
