"""The colours of a label picture: how many pixels each has, and how many lie in flat areas.

A pixel lies in a flat area if all pixels around it have its colour. That tells the colour of a
region from JPEG noise, antialiased edges and soft edges, however near the colours of two regions
are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.int32]
"""(H, W): red x 65536 + green x 256 + blue."""

Colour = tuple[int, int, int]
"""RGB, 0 to 255."""

_NOISE_RADIUS = 8
"""JPEG codes chroma in blocks of 16 pixels: a window of 17 is larger than any area of noise."""

_LEVEL_WIDTH = 400
"""In a ramp of 255 levels across the picture's longest side of N pixels, a level is N/255 wide.

A window of ``2 * ceil(N / 400) + 1`` pixels is wider.
"""


MIN_FLAT = 1 / 3
"""The least share of the pixels of a colour in flat areas if the colour forms such areas."""

_FEW, _NEARLY_ALL = 16, 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of a picture.

    Attributes:
        colours: (K, 3) int32, from 0 to 255, each colour once.
        counts: (K,) the number of pixels of each colour.
        flat: (K,) the number of these pixels that lie in flat areas.
        flat_beyond_noise: The same for flat areas that are larger than what JPEG leaves as noise.
        flat_small: The same for areas of 3x3 pixels, however large the picture is.
        index: (H, W) the number of each pixel's colour.
    """

    colours: Pixels
    counts: NDArray[np.int64]
    flat: NDArray[np.int64]
    flat_beyond_noise: NDArray[np.int64]
    flat_small: NDArray[np.int64]
    index: NDArray[np.int64]

    def colour(self, number: int) -> Colour:
        """Return a colour."""
        red, green, blue = self.colours[number].tolist()
        return red, green, blue

    def is_clean(self) -> bool:
        """Whether the picture has no JPEG noise and nearly no edges but those between flat areas.

        It has few colours, or nearly all of it is of colours that form flat areas.
        """
        of_areas = self.counts[self.flat_small >= MIN_FLAT * self.counts].sum()
        return len(self.counts) <= _FEW or bool(of_areas >= _NEARLY_ALL * self.index.size)


def palette_of(pixels: NDArray[np.uint8]) -> Palette:
    """Return the colours of a picture (H, W, 3) of 0 to 255."""
    packed = pixels.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    values, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
    index = inverse.reshape(packed.shape)
    radius = -(-max(packed.shape) // _LEVEL_WIDTH)
    flat, beyond, small = (
        np.bincount(index[flat_pixels(packed, radius=size)], minlength=len(values))
        for size in (radius, max(radius, _NOISE_RADIUS), 1)
    )
    return Palette(
        colours=np.stack([values >> 16, values >> 8 & 255, values & 255], axis=1),
        counts=counts,
        flat=flat,
        flat_beyond_noise=beyond,
        flat_small=small,
        index=index,
    )


def flat_pixels(values: NDArray[np.int32], *, radius: int) -> NDArray[np.bool_]:
    """Return where all pixels within ``radius`` rows and columns, inside the picture, are equal.

    Args:
        values: (H, W).
        radius: 1 for a window of 3x3 pixels.
    """
    rows = _all_within(values[:, 1:] == values[:, :-1], radius, axis=1, between=True)
    columns = _all_within(values[1:] == values[:-1], radius, axis=0, between=True)
    return columns & _all_within(rows, radius, axis=0)


def eroded(mask: NDArray[np.bool_], *, radius: int) -> NDArray[np.bool_]:
    """Return where all pixels within ``radius`` rows and columns, inside the picture, are True."""
    return _all_within(_all_within(mask, radius, axis=0), radius, axis=1)


def _all_within(
    mask: NDArray[np.bool_], radius: int, *, axis: int, between: bool = False
) -> NDArray[np.bool_]:
    """Return for each place whether ``mask`` is True within ``radius`` places along an axis.

    Args:
        mask: (H, W).
        radius: How far.
        axis: 0 or 1.
        between: Whether ``mask`` is about pairs of neighbours. The result is about pixels and so
            one larger.
    """
    false = np.swapaxes(~mask, 0, axis)
    counted = np.zeros((len(false) + 1, false.shape[1]), np.int32)
    np.cumsum(false, axis=0, dtype=np.int32, out=counted[1:])
    places = np.arange(len(false) + between)
    last = np.minimum(places + radius + (not between), len(false))
    first = np.maximum(places - radius, 0)
    return np.swapaxes(counted[last] == counted[first], 0, axis)
