"""Which levels of the Laplacian pyramids of content and previous image a stage starts from."""

from __future__ import annotations

import math

from nst_core.arrays import Image
from nst_core.optimisers import LaplacianPyramid

Sides = tuple[int, int]
"""(height, width) in pixels."""

_LARGE_SIDE = 1024
"""From this longest side on, ``auto`` is two levels and not three."""


def halvings(size: Sides, *, last: Sides) -> int:
    """Return how often the last stage's size is halved for a stage of ``size``, rounded."""
    return max(0, round(math.log2(max(last) / max(size))))


def zeroed_levels(zeroed: int | str, *, last: Sides) -> int:
    """Return ``Start.zeroed_levels`` as a number, for a last stage of this size."""
    if isinstance(zeroed, int):
        return zeroed
    return 2 if max(last) >= _LARGE_SIDE else 3


def without_finest(image: Image, count: int) -> Image:
    """Return an image (H, W, 3) whose ``count`` finest levels are zero; fewer if it has fewer."""
    return image - finest(image, range(count))


def finest(image: Image, chosen: range) -> Image:
    """Return the part of an image (H, W, 3) that some levels of its pyramid hold.

    Args:
        image: The image.
        chosen: The numbers of the levels, the finest being 0. Numbers that the image is too small
            for are left out.
    """
    height, width, _ = image.shape
    pyramid = LaplacianPyramid(height=height, width=width, levels=chosen.stop)
    *levels, residual = pyramid.split(pyramid.undo(image))
    kept = [level if number in chosen else level * 0 for number, level in enumerate(levels)]
    return pyramid.apply(pyramid.join([*kept, residual * 0]))
