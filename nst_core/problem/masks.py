"""Label pictures: masks in which each region is painted in one flat colour."""

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

MAX_REGIONS = 16
"""The most regions that a label picture may have."""

# The least share of the pixels. Colours of fewer pixels are antialiased edges or JPEG noise.
_MIN_SHARE = 0.002

# The least difference, of 255, between the colours of two regions in their most different channel.
_MIN_DIFFERENCE = 48

Colour = tuple[int, int, int]
"""RGB, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The regions of a label picture.

    Attributes:
        colours: The colours of the regions, from the darkest to the lightest.
        region: (H, W) uint8: for each pixel, the number of the region of the nearest colour.
    """

    colours: tuple[Colour, ...]
    region: NDArray[np.uint8]

    def coverage(self, *, height: int, width: int) -> list[Array]:
        """Return, for each region, the share of each pixel that lies in it.

        The arrays are (``height``, ``width``) float32, from 0 to 1. They sum to 1.
        """
        return [_resized(self.region == number, height, width) for number in range(self.count)]

    @property
    def count(self) -> int:
        """The number of regions."""
        return len(self.colours)

    def matching(self, colour: Colour) -> int | None:
        """Return the number of the region whose colour is nearest to ``colour``; None if far."""
        differences = [_difference(colour, own) for own in self.colours]
        nearest = min(range(len(differences)), key=differences.__getitem__)
        return nearest if differences[nearest] < _MIN_DIFFERENCE else None


def read(mask: PIL.Image.Image, role: str) -> Labels:
    """Find the regions of a label picture, grey or coloured.

    A colour is the colour of a region if it covers at least 1/500 of the picture and differs
    clearly from every region that covers more. All other pixels belong to the region of the nearest
    colour, so antialiased edges and JPEG noise do no harm.

    Args:
        mask: A picture as ``images.read`` returns it.
        role: The name of the mask in error messages, e.g. ``content mask``.

    Raises:
        SpecError: if it has more than 16 regions.
    """
    pixels = np.asarray(mask.convert("RGB"), np.int32)
    packed = pixels @ np.array([65536, 256, 1])
    values, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
    palette: list[Colour] = [(int(v) >> 16, int(v) >> 8 & 255, int(v) & 255) for v in values]
    found: list[Colour] = []
    for index in np.argsort(-counts, kind="stable"):
        if found and counts[index] < _MIN_SHARE * packed.size:
            break
        if all(_difference(palette[index], colour) >= _MIN_DIFFERENCE for colour in found):
            found.append(palette[index])
    if len(found) > MAX_REGIONS:
        raise SpecError(
            f"{role}: {len(found)} colours; paint one flat colour for each region, "
            f"{MAX_REGIONS} at most"
        )
    found.sort(key=lambda colour: (_lightness(colour), colour))
    differences = np.abs(np.array(palette)[:, None] - np.array(found)[None]).max(axis=2)
    region = differences.argmin(axis=1).astype(np.uint8)[inverse]
    return Labels(tuple(found), region.reshape(packed.shape))


class Mask:
    """A label picture whose regions are found once, when they are first needed.

    Args:
        picture: A picture as ``images.read`` returns it.
        role: The name of the mask in error messages, e.g. ``content mask``.
    """

    def __init__(self, picture: PIL.Image.Image, role: str) -> None:
        self.picture = picture
        self._role = role

    @cached_property
    def labels(self) -> Labels:
        """The regions.

        Raises:
            SpecError: as ``read``.
        """
        return read(self.picture, self._role)


def _resized(plane: NDArray[Any], height: int, width: int) -> Array:
    """Return a plane resized by area, so that a pixel on an edge is shared by both regions."""
    picture = PIL.Image.fromarray(plane.astype(np.float32))
    return np.asarray(picture.resize((width, height), PIL.Image.Resampling.BOX), np.float32)


def _difference(first: Colour, second: Colour) -> int:
    return max(abs(a - b) for a, b in zip(first, second, strict=True))


def _lightness(colour: Colour) -> float:
    """Return the luma of ITU-R BT.601."""
    return float(np.dot(colour, LUMA))
