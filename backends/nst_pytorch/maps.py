"""One layer's features, or the gradient with respect to them, as all rooms here lay them out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

Place = tuple[slice, slice]
"""Rows and columns of a map's ``whole``."""

EVERYWHERE: Place = slice(None), slice(None)


class Features(Protocol):
    """A layer's features (H, W, C), kept or computed where they are asked for."""

    @property
    def height(self) -> int:
        """H."""
        ...

    @property
    def width(self) -> int:
        """W."""
        ...

    @property
    def left(self) -> int:
        """Columns of the border before the values."""
        ...

    @property
    def channels(self) -> int:
        """C."""
        ...

    @property
    def pixels(self) -> int:
        """H * W, whatever the border."""
        ...

    @property
    def span(self) -> int:
        """W', of a row with whatever border it has."""
        ...

    @property
    def whole_size(self) -> tuple[int, int]:
        """(H', W')."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """Of the values."""
        ...

    @property
    def device(self) -> torch.device:
        """Where they are."""
        ...

    @property
    def whole(self) -> Tensor:
        """The values and whatever border of zeros they have: (H', W', C), contiguous."""
        ...

    @property
    def inner(self) -> Tensor:
        """A view (H, W, C) of ``whole`` without the border."""
        ...

    @property
    def image(self) -> Tensor:
        """A view (1, C, H, W) of it without the border; its strides are channels_last's."""
        ...

    def lines(self, top: int, count: int, worker: int) -> Tensor:
        """Return some rows of the values, (count, W', C), with the border at their sides.

        Args:
            top: How many rows come before them.
            count: How many.
            worker: Who asks; the next time that it does, these may be overwritten.
        """
        ...

    def laid(self, whole: Tensor) -> FeatureMap:
        """Return other values (H', W', C) as a map laid out like this."""
        ...

    def copy(self) -> FeatureMap:
        """Return the same, its border too, in a buffer of its own."""
        ...


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """Values (H, W, C), channels innermost, perhaps inside a border of zeros: ``Features``.

    Whoever changes values in place leaves the border zero.

    Attributes:
        whole: (H', W', C), contiguous.
        top: Rows of the border above the values.
        left: Columns of it before them.
        height: H.
        width: W.
    """

    whole: Tensor
    top: int
    left: int
    height: int
    width: int

    @classmethod
    def of(cls, tensor: Tensor) -> FeatureMap:
        """Return the map, without a border, of a tensor (1, C, H, W); a view if channels_last."""
        whole = tensor[0].permute(1, 2, 0).contiguous()
        return cls(whole, 0, 0, whole.shape[0], whole.shape[1])

    def laid(self, whole: Tensor) -> FeatureMap:
        """See ``Features``."""
        return replace(self, whole=whole)

    def copy(self) -> FeatureMap:
        """See ``Features``."""
        return self.laid(self.whole.clone())

    def at(self, place: Place) -> FeatureMap:
        """Return a place of it as a map without a border, a view; the map itself of everywhere."""
        if place == EVERYWHERE:
            return self
        whole = self.whole[place]
        return FeatureMap(whole, 0, 0, whole.shape[0], whole.shape[1])

    def lines(self, top: int, count: int, worker: int) -> Tensor:  # noqa: ARG002
        """See ``Features``; a view."""
        return self.whole[self.top + top : self.top + top + count]

    @property
    def channels(self) -> int:
        """C."""
        return self.whole.shape[2]

    @property
    def pixels(self) -> int:
        """H * W, whatever the border."""
        return self.height * self.width

    @property
    def span(self) -> int:
        """W'."""
        return self.whole.shape[1]

    @property
    def whole_size(self) -> tuple[int, int]:
        """(H', W')."""
        return self.whole.shape[0], self.whole.shape[1]

    @property
    def dtype(self) -> torch.dtype:
        """Of the values."""
        return self.whole.dtype

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self.whole.device

    @property
    def inner(self) -> Tensor:
        """A view (H, W, C) without the border."""
        return self.whole[self.top : self.top + self.height, self.left : self.left + self.width]

    @property
    def image(self) -> Tensor:
        """A view (1, C, H, W) without the border; its strides are those of channels_last."""
        return self.inner.permute(2, 0, 1)[None]


class Copied(ABC):
    """The part of ``Features`` that is made of a copy, of those that are kept nowhere whole.

    Each time it computes, and takes the memory of, all of them; not on a worker's own thread.
    """

    @abstractmethod
    def copy(self) -> FeatureMap:
        """See ``Features``."""

    @property
    def whole(self) -> Tensor:
        """See ``Features``."""
        return self.copy().whole

    @property
    def inner(self) -> Tensor:
        """See ``Features``."""
        return self.copy().inner

    @property
    def image(self) -> Tensor:
        """See ``Features``."""
        return self.copy().image
