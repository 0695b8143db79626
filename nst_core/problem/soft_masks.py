"""Soft edges of label pictures: colours between those of two regions, as weights of both."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst_core.problem.flat_areas import Palette, eroded

MAX_DISTANCE = 12.0
"""How far, of 255, a colour may be from the line between two others to be one between them."""

_ENDS = 0.1
"""The colours between begin and end at this share of the line: those nearer may be rounded."""

_NOISE = 24.0
"""They are at least so far, of 255, from both ends: those nearer may be JPEG noise."""

_MAX_EDGE = 0.05
"""The least share of a region's pixels that have only pixels of about its colour around them."""

_MAX_PEAK = 1 / 8
"""The largest share of one colour among the pixels of about this colour in a ramp."""

_PLACE, _MAX_AT_PLACE = 0.12, 0.6
"""At most this share of the pixels in a ramp has colours within so much of the line, up and down.

Evenly spread it would be 0.3.
"""

_NARROW = 200
"""An edge of at most 2/200 of the longest side, or of 4 pixels, is antialiased and not soft."""


class Between(NamedTuple):
    """Where each colour of a palette lies between two regions.

    Attributes:
        first: (K,) the number of one region.
        second: (K,) the number of the other.
        share: (K,) float32: the position on the line from the first to the second, from 0 to 1.
        distance: (K,) the distance from that line, of 255.
        length: (K,) the length of that line, of 255.
        to_end: (K,) the distance from the nearest of all regions' colours, of 255.
    """

    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    share: NDArray[np.float32]
    distance: NDArray[Any]
    length: NDArray[Any]
    to_end: NDArray[Any]

    def inside(self) -> NDArray[np.bool_]:
        """Return which colours are clearly between the two."""
        to_end = np.minimum(self.share, 1 - self.share)
        clear = (to_end > _ENDS) & (to_end * self.length > _NOISE)
        # Noise of a third region whose colour is on the line is nothing between the two.
        clear &= self.to_end > _NOISE
        return np.asarray(clear & (self.distance <= MAX_DISTANCE))


def between(palette: Palette, ends: Sequence[int]) -> Between:
    """Find, for each colour, the line between two ``ends`` on which it lies.

    Where several lines are as near, it is the shortest.

    Args:
        palette: The colours.
        ends: The numbers in the palette of the regions' colours, at least two.
    """
    colours = palette.colours.astype(np.float64)
    count = len(colours)
    best = np.full(count, np.inf)
    result = Between(
        np.zeros(count, np.uint8),
        np.zeros(count, np.uint8),
        np.zeros(count, np.float32),
        np.full(count, np.inf),
        np.zeros(count),
        np.full(count, np.inf),
    )
    for end in ends:
        from_end = np.linalg.norm(colours - colours[end], axis=1)
        np.minimum(result.to_end, from_end, out=result.to_end)
    for first, second in combinations(range(len(ends)), 2):
        line = colours[ends[second]] - colours[ends[first]]
        length = float(line @ line)
        share = np.clip((colours - colours[ends[first]]) @ line / length, 0, 1)
        distance = np.linalg.norm(
            colours - colours[ends[first]] - share[:, None] * line[None], axis=1
        )
        # Colours of rounded values are up to 1 from their line.
        rank = np.maximum(distance, 1) + length**0.5 * 1e-3
        better = rank < best
        best[better] = rank[better]
        result.first[better], result.second[better] = first, second
        result.share[better], result.distance[better] = share[better], distance[better]
        result.length[better] = length**0.5
    return result


def wide_share(palette: Palette, inside: NDArray[np.bool_]) -> float:
    """Return the share of the picture that lies in wide areas of certain colours.

    Args:
        palette: The colours.
        inside: (K,) which colours.
    """
    radius = max(2, round(max(palette.index.shape) / _NARROW))
    return float(eroded(inside[palette.index], radius=radius).mean())


def is_spread(palette: Palette, place: Between) -> bool:
    """Whether the pixels between two colours are of colours all along the line, as in a ramp.

    The pixels of a third region, with JPEG noise, are at about one place of it.
    """
    inside = place.inside()
    order = np.argsort(place.share[inside], kind="stable")
    share, counts = place.share[inside][order], palette.counts[inside][order]
    if not len(share):
        return False
    summed = np.concatenate([[0], np.cumsum(counts)])
    until = np.searchsorted(share, share + 2 * _PLACE, side="right")
    return bool((summed[until] - summed[:-1]).max() <= _MAX_AT_PLACE * summed[-1])


def is_edge(palette: Palette, number: int) -> bool:
    """Whether a colour's pixels form lines or belong to a ramp; a region's form areas.

    Args:
        palette: The colours.
        number: The number of a colour that is between those of two regions.
    """
    alike = np.abs(palette.colours - palette.colours[number]).max(axis=1) <= _NOISE
    pixels = palette.counts[alike].sum()
    in_areas = eroded(alike[palette.index], radius=1).sum()
    return bool(in_areas <= _MAX_EDGE * pixels or palette.counts[number] <= _MAX_PEAK * pixels)
