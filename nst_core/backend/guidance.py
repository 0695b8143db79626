"""How much each pixel of the features at a tap counts: for each region, and in content losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nst_core.arrays import Array
from nst_core.vgg19 import BY_NAME


@dataclass(frozen=True, slots=True)
class Region:
    """One region at one tap.

    Attributes:
        area: The region's share of the area of all regions, above 0 and at most 1.
        density: (H, W) float64 at the tap's size: the region's guide divided by its sum. None if
            every pixel counts alike, as without regions.
    """

    area: float
    density: Array | None


WHOLE_PICTURE: Mapping[int, Region] = {0: Region(1.0, None)}
"""The only region of a problem without guides."""


def regions_at(guides: Array | None, tap: str) -> Mapping[int, Region]:
    """Return number -> region at a tap, without the regions that vanish there.

    Guides shrink to the size of the features. Each pooling on the way takes the mean of 2x2 pixels,
    also in a network with maximum pooling, and drops an odd last row or column. So edges become
    soft: if half of the picture's pixels under one pixel of the features lie in a region, that
    pixel counts half for the region.

    Args:
        guides: (R, H, W), 0 or more, as in ``Problem``; None for one region, the whole picture.
        tap: The name of the tap.
    """
    if guides is None:
        return WHOLE_PICTURE
    return _present(_shrunk(guides, tap))


def regions_in_blocks(guides: Array | None, size: tuple[int, int]) -> Mapping[int, Region]:
    """Return number -> region on a grid, without the regions that vanish there.

    Each value of the grid is the mean of a block of pixels; the blocks have equal sides. Rows and
    columns that are left at the end are dropped.

    Args:
        guides: (R, H, W), 0 or more, as in ``Problem``; None for one region, the whole picture.
        size: (h, w) of the grid, at most (H, W).
    """
    if guides is None:
        return WHOLE_PICTURE
    (rows, columns), (_, height, width) = size, guides.shape
    down, right = height // rows, width // columns
    inside = np.asarray(guides, np.float64)[:, : rows * down, : columns * right]
    return _present(inside.reshape(-1, rows, down, columns, right).mean(axis=(2, 4)))


def _present(small: Array) -> Mapping[int, Region]:
    """Return number -> region, of guides (R, h, w) that have their size already."""
    sums = small.sum(axis=(1, 2))
    return {
        number: Region(float(total / sums.sum()), small[number] / total)
        for number, total in enumerate(sums)
        if total > 0
    }


def visibility_at(visibility: Array | None, tap: str) -> Array | None:
    """Return how much each pixel of the features at a tap counts in a content loss.

    The visibility shrinks to the size of the features as guides do: see ``regions_at``.

    Args:
        visibility: (H, W), from 0 to 1, as in ``Problem``; None if all pixels count alike.
        tap: The name of the tap.

    Returns:
        (H', W') float64, from 0 to 1; None for None.
    """
    return None if visibility is None else _shrunk(visibility[None], tap)[0]


def variation_weights(visibility: Array | None) -> tuple[Array, Array] | None:
    """Return how much each difference of neighbours counts in the total variation.

    A difference is as visible as the less visible of its two pixels.

    Args:
        visibility: (H, W), from 0 to 1, as in ``Problem``; None if all pixels count alike.

    Returns:
        The weights of the differences between rows (H - 1, W) and between columns (H, W - 1),
        float64. Both have the sum 1, or are 0 where no two neighbours are visible. None for None.
    """
    if visibility is None:
        return None
    seen = np.asarray(visibility, np.float64)
    rows = np.minimum(seen[1:], seen[:-1])
    columns = np.minimum(seen[:, 1:], seen[:, :-1])
    return _normalised(rows), _normalised(columns)


def _normalised(weights: Array) -> Array:
    total = weights.sum()
    return np.asarray(weights / total) if total > 0 else weights


def _shrunk(maps: Array, tap: str) -> Array:
    """Return maps (N, H, W) at the size of the features at a tap, in float64."""
    small = np.asarray(maps, np.float64)
    for _ in range(BY_NAME[tap].poolings):
        height, width = small.shape[1] // 2, small.shape[2] // 2
        windows = small[:, : 2 * height, : 2 * width].reshape(-1, height, 2, width, 2)
        small = windows.mean(axis=(2, 4))
    return small
