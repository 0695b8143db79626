"""One layer's features, or the gradient with respect to them, as all rooms here lay them out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

Place = tuple[slice, slice]
"""Rows and columns of a map's ``whole``."""

EVERYWHERE: Place = slice(None), slice(None)


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """Values (H, W, C), channels innermost, perhaps inside a border of zeros.

    Whoever changes values in place leaves the border zero.

    Attributes:
        whole: (H', W', C), contiguous: the values and whatever border they have.
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

    def copy(self) -> FeatureMap:
        """Return the same, its border too, in a buffer of its own."""
        return replace(self, whole=self.whole.clone())

    @property
    def channels(self) -> int:
        """C."""
        return self.whole.shape[2]

    @property
    def pixels(self) -> int:
        """H * W, whatever the border."""
        return self.height * self.width

    @property
    def rows(self) -> Tensor:
        """A view (H * W', C), pixel after pixel, of the rows that aren't all border."""
        return self.whole[self.top : self.top + self.height].view(-1, self.channels)

    @property
    def inner(self) -> Tensor:
        """A view (H, W, C) without the border."""
        return self.whole[self.top : self.top + self.height, self.left : self.left + self.width]

    @property
    def image(self) -> Tensor:
        """A view (1, C, H, W) without the border; its strides are those of channels_last."""
        return self.inner.permute(2, 0, 1)[None]
