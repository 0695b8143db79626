"""Label pictures: masks in which each region is painted in one flat colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core.arrays import Array
from nst_core.errors import SpecError
from nst_core.problem import soft_masks
from nst_core.problem.flat_areas import Colour, palette_of
from nst_core.problem.region_colours import (
    MAX_REGIONS,
    MIN_DIFFERENCE,
    differences,
    find_regions,
    warnings,
)


@dataclass(frozen=True, slots=True)
class Labels:
    """The regions of a label picture.

    Attributes:
        colours: The colours of the regions, from the darkest to the lightest.
        region: (H, W) uint8: for each pixel, the number of its region.
        other: (H, W) uint8: for each pixel, the number of another region that it belongs to as
            well. None if no edge is soft.
        share: (H, W) float32: how much of each pixel belongs to ``other``, from 0 to 1; None
            likewise.
        warnings: What was merged, dropped or taken as soft, one line each.
    """

    colours: tuple[Colour, ...]
    region: NDArray[np.uint8]
    other: NDArray[np.uint8] | None = None
    share: NDArray[np.float32] | None = None
    warnings: tuple[str, ...] = ()

    def coverage(self, *, height: int, width: int) -> list[Array]:
        """Return, for each region, the share of each pixel that lies in it.

        The arrays are (``height``, ``width``) float32, from 0 to 1. They sum to 1.
        """
        return [_resized(self._plane(number), height, width) for number in range(self.count)]

    def _plane(self, number: int) -> NDArray[Any]:
        """Return how much of each pixel belongs to a region."""
        own = np.asarray(self.region == number)
        if self.other is None or self.share is None:
            return own
        return np.asarray(own * (1 - self.share) + (self.other == number) * self.share)

    @property
    def count(self) -> int:
        """The number of regions."""
        return len(self.colours)

    def matching(self, colour: Colour, *, rivals: Sequence[Colour] = ()) -> int | None:
        """Return the number of the region whose colour is nearest to ``colour``; None if far.

        Args:
            colour: A colour of another mask.
            rivals: The colours of that mask. A region whose colour is nearer to a rival that is
                itself near to ``colour`` is the rival's.
        """
        differences = [_difference(colour, own) for own in self.colours]
        nearest = min(range(len(differences)), key=differences.__getitem__)
        found = differences[nearest]
        near_rivals = (rival for rival in rivals if _difference(rival, colour) < MIN_DIFFERENCE)
        taken = any(_difference(rival, self.colours[nearest]) < found for rival in near_rivals)
        return nearest if found < MIN_DIFFERENCE and not taken else None


def read(mask: PIL.Image.Image, role: str) -> Labels:
    """Find the regions of a label picture, grey or coloured.

    A colour is the colour of a region if it covers at least 1/500 of the picture and either differs
    clearly from every region that covers more, or forms flat areas, however near it is to others:
    class numbers 0, 1, 2 are three regions. All other pixels belong to the region of the nearest
    colour, so antialiased edges and JPEG noise do no harm.

    If colours between those of two regions form a wide edge, the mask is soft: each pixel belongs
    to both regions, by the position of its colour on the line between theirs. A picture without
    two flat colours whose colours lie on one line is a ramp: its ends are the regions.

    Args:
        mask: A picture as ``images.read`` returns it.
        role: The name of the mask in error messages, e.g. ``content mask``.

    Raises:
        SpecError: if it has more than 16 regions.
    """
    palette = palette_of(np.asarray(mask.convert("RGB")))
    found, soft = find_regions(palette)
    if len(found) > MAX_REGIONS:
        raise SpecError(
            f"{role}: {len(found)} colours; paint one flat colour for each region, "
            f"{MAX_REGIONS} at most"
        )
    lines = tuple(f"{role}: {line}" for line in warnings(palette, found, soft=soft))
    colours = tuple(palette.colour(n) for n in found)
    nearest = differences(palette.colours, palette.colours[found]).argmin(axis=1)
    region = nearest.astype(np.uint8)
    if not soft:
        return Labels(colours, region[palette.index], warnings=lines)
    place = soft_masks.between(palette, found)
    on_line = place.distance <= soft_masks.MAX_DISTANCE
    first = np.where(on_line, place.first, region)
    share = np.where(on_line, place.share, np.float32(0))
    return Labels(
        colours,
        first[palette.index],
        place.second[palette.index],
        share[palette.index],
        warnings=lines,
    )


class Mask:
    """A label picture whose regions are found once, when they are first needed.

    Args:
        picture: A picture as ``images.read`` returns it.
        role: The name of the mask in error messages, e.g. ``content mask``.
        notes: Lines for the user about how the picture was read.
    """

    def __init__(self, picture: PIL.Image.Image, role: str, *, notes: tuple[str, ...] = ()) -> None:
        self.picture = picture
        self.notes = notes
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
