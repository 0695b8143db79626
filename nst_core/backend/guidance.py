"""Regions at a tap: how much each pixel of its features counts for each region."""

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
        area: Its share of all regions' area, above 0.
        density: (H, W) float64, the region's guide divided by its sum, at the tap's size; None
            where every pixel counts alike, as without regions.
    """

    area: float
    density: Array | None


WHOLE: Mapping[int, Region] = {0: Region(1.0, None)}


def regions_at(guides: Array | None, tap: str) -> Mapping[int, Region]:
    """Return number -> region at a tap, without those of which nothing is left there.

    Guides shrink as features do: by the mean of 2x2 pixels for each pooling on the way, an odd
    last row or column left out. So edges become soft, and a pixel of the features counts for a
    region by how much of what it was pooled from lies in it.

    Args:
        guides: (R, H, W), 0 or more, as in ``Problem``; None for one region, the whole picture.
        tap: The name of the tap.
    """
    if guides is None:
        return WHOLE
    small = np.asarray(guides, np.float64)
    for _ in range(BY_NAME[tap].poolings):
        height, width = small.shape[1] // 2, small.shape[2] // 2
        windows = small[:, : 2 * height, : 2 * width].reshape(-1, height, 2, width, 2)
        small = windows.mean(axis=(2, 4))
    sums = small.sum(axis=(1, 2))
    return {
        number: Region(float(total / sums.sum()), small[number] / total)
        for number, total in enumerate(sums)
        if total > 0
    }
