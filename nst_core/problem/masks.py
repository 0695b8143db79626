"""Label pictures: flat colours, one a region."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core.arrays import Array
from nst_core.errors import SpecError
from nst_core.images.colour_transfer import LUMA

MOST = 16
"""How many regions a label picture may have."""

_LEAST = 0.002  # of the pixels: less is an edge's antialiasing, or JPEG's noise
_APART = 48  # of 255, in the channel that differs most: as are colours of two regions

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Labels:
    """A label picture, read.

    Attributes:
        colours: Of its regions, from the darkest to the lightest.
        region: (H, W), which of them each pixel is nearest to.
    """

    colours: tuple[Colour, ...]
    region: NDArray[np.uint8]

    def planes(self, *, height: int, width: int) -> list[Array]:
        """Return how much of each pixel of ``height`` x ``width`` lies in each region, (H, W)."""
        return [_resized(self.region == number, height, width) for number in range(self.count)]

    @property
    def count(self) -> int:
        """How many regions there are."""
        return len(self.colours)

    def matching(self, colour: Colour) -> int | None:
        """Return the region whose colour is the nearest to ``colour``, if it is near at all."""
        apart = [_difference(colour, own) for own in self.colours]
        nearest = min(range(len(apart)), key=apart.__getitem__)
        return nearest if apart[nearest] < _APART else None


def read(mask: PIL.Image.Image, role: str) -> Labels:
    """Find the regions of a label picture, grey or coloured.

    A colour is a region's if it covers a five hundredth of the picture and differs clearly from
    every region that covers more. All other pixels belong to the nearest colour, so antialiased
    edges and what JPEG does to flat colours do no harm.

    Args:
        mask: As from ``images.read``.
        role: What errors call it, ``content mask``.

    Raises:
        SpecError: if it has more than 16 regions.
    """
    pixels = np.asarray(mask.convert("RGB"), np.int32)
    packed = pixels @ np.array([65536, 256, 1])
    values, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
    palette: list[Colour] = [(int(v) >> 16, int(v) >> 8 & 255, int(v) & 255) for v in values]
    found: list[Colour] = []
    for index in np.argsort(-counts, kind="stable"):
        if found and counts[index] < _LEAST * packed.size:
            break
        if all(_difference(palette[index], colour) >= _APART for colour in found):
            found.append(palette[index])
    if len(found) > MOST:
        raise SpecError(
            f"{role}: {len(found)} colours; paint one flat colour for each region, {MOST} at most"
        )
    found.sort(key=lambda colour: (_lightness(colour), colour))
    differences = np.abs(np.array(palette)[:, None] - np.array(found)[None]).max(axis=2)
    region = differences.argmin(axis=1).astype(np.uint8)[inverse]
    return Labels(tuple(found), region.reshape(packed.shape))


class Mask:
    """A label picture, whose regions are found when they are first needed, and once.

    Args:
        picture: As from ``images.read``.
        role: What errors call it, ``content mask``.
    """

    def __init__(self, picture: PIL.Image.Image, role: str) -> None:
        self.picture = picture
        self._role = role

    @cached_property
    def labels(self) -> Labels:
        """Its regions.

        Raises:
            SpecError: as from ``read``.
        """
        return read(self.picture, self._role)


def _resized(plane: NDArray[Any], height: int, width: int) -> Array:
    """Resize by area, so that a pixel on an edge lies partly in either region."""
    picture = PIL.Image.fromarray(plane.astype(np.float32))
    return np.asarray(picture.resize((width, height), PIL.Image.Resampling.BOX), np.float32)


def _difference(first: Colour, second: Colour) -> int:
    return max(abs(a - b) for a, b in zip(first, second, strict=True))


def _lightness(colour: Colour) -> float:
    """Return ITU-R BT.601's luma."""
    return float(np.dot(colour, LUMA))
