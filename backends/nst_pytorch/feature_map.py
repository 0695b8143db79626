"""The memory layout of one layer's features, or of the gradient with respect to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from nst_core.arrays import Array

Window = tuple[slice, slice]
"""Rows and columns of a map's ``padded`` tensor."""

ALL: Window = slice(None), slice(None)
"""The window that is the whole map."""


class Features(Protocol):
    """A layer's features (H, W, C), either stored or computed on access."""

    @property
    def height(self) -> int:
        """H."""
        ...

    @property
    def width(self) -> int:
        """W."""
        ...

    @property
    def pad_left(self) -> int:
        """Columns of padding before the values."""
        ...

    @property
    def channels(self) -> int:
        """C."""
        ...

    @property
    def pixels(self) -> int:
        """H * W, without the padding."""
        ...

    @property
    def padded_width(self) -> int:
        """W', the length of a row with its padding."""
        ...

    @property
    def padded_size(self) -> tuple[int, int]:
        """(H', W')."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the values."""
        ...

    @property
    def device(self) -> torch.device:
        """The device of the values."""
        ...

    @property
    def padded(self) -> Tensor:
        """The values with their zero padding, if they have any: (H', W', C), contiguous."""
        ...

    @property
    def interior(self) -> Tensor:
        """A view (H, W, C) of ``padded`` without the padding."""
        ...

    @property
    def nchw(self) -> Tensor:
        """A view (1, C, H, W) without the padding; its strides are those of channels_last."""
        ...

    def rows(self, top: int, count: int, worker: int) -> Tensor:
        """Return some rows of the values (count, W', C), with the padding at their sides.

        Args:
            top: How many rows come before them.
            count: How many rows.
            worker: The number of the worker that asks. Its next call may overwrite these rows.
        """
        ...

    def with_values(self, padded: Tensor) -> FeatureMap:
        """Return other values (H', W', C) as a map with the same padding."""
        ...

    def copy(self) -> FeatureMap:
        """Return a copy, padding included, in a buffer of its own."""
        ...


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """Stored values (H, W, C), channels innermost, perhaps inside a zero padding: ``Features``.

    Code that changes values in place must leave the padding zero.

    Attributes:
        padded: (H', W', C), contiguous.
        pad_top: Rows of padding above the values.
        pad_left: Columns of padding before them.
        height: H.
        width: W.
    """

    padded: Tensor
    pad_top: int
    pad_left: int
    height: int
    width: int

    @classmethod
    def from_nchw(cls, tensor: Tensor) -> FeatureMap:
        """Return the map, without padding, of a tensor (1, C, H, W); a view if channels_last."""
        return cls.unpadded(tensor[0].permute(1, 2, 0).contiguous())

    @classmethod
    def unpadded(cls, values: Tensor) -> FeatureMap:
        """Return ``values`` (H, W, C) as a map without padding."""
        return cls(values, 0, 0, values.shape[0], values.shape[1])

    def with_values(self, padded: Tensor) -> FeatureMap:
        """Return other values (H', W', C) as a map with the same padding."""
        return replace(self, padded=padded)

    def copy(self) -> FeatureMap:
        """Return a copy, padding included, in a buffer of its own."""
        return self.with_values(self.padded.clone())

    def at(self, window: Window) -> FeatureMap:
        """Return a window as a map without padding, a view; the map itself for ``ALL``."""
        return self if window == ALL else self.unpadded(self.padded[window])

    def rows(self, top: int, count: int, worker: int) -> Tensor:  # noqa: ARG002
        """Return a view of some rows (count, W', C); see ``Features.rows``."""
        return self.padded[self.pad_top + top : self.pad_top + top + count]

    @property
    def channels(self) -> int:
        """C."""
        return self.padded.shape[2]

    @property
    def pixels(self) -> int:
        """H * W, without the padding."""
        return self.height * self.width

    @property
    def padded_width(self) -> int:
        """W', the length of a row with its padding."""
        return self.padded.shape[1]

    @property
    def padded_size(self) -> tuple[int, int]:
        """(H', W')."""
        return self.padded.shape[0], self.padded.shape[1]

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the values."""
        return self.padded.dtype

    @property
    def device(self) -> torch.device:
        """The device of the values."""
        return self.padded.device

    @property
    def interior(self) -> Tensor:
        """A view (H, W, C) of ``padded`` without the padding."""
        bottom, right = self.pad_top + self.height, self.pad_left + self.width
        return self.padded[self.pad_top : bottom, self.pad_left : right]

    @property
    def nchw(self) -> Tensor:
        """A view (1, C, H, W) without the padding; its strides are those of channels_last."""
        return self.interior.permute(2, 0, 1)[None]


def pixel_map(values: Array, *, like: Tensor | Features) -> FeatureMap:
    """Return an array (H, W) as a map (H, W, 1), of ``like``'s dtype and on its device."""
    tensor = torch.tensor(values, dtype=like.dtype, device=like.device)
    return FeatureMap.from_nchw(tensor[None, None])


def padded_like(layout: Features, values: FeatureMap) -> Tensor:
    """Return a map (H, W, 1) as a tensor (H', W', 1) with the padding of the features."""
    padded = layout.with_values(values.padded.new_zeros(*layout.padded_size, 1))
    padded.interior.copy_(values.interior)
    return padded.padded
