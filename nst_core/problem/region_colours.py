"""Which colours of a label picture are those of regions, and what is said about the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst_core.images.colour_transfer import LUMA
from nst_core.problem import soft_masks
from nst_core.problem.flat_areas import MIN_FLAT, Colour, Palette

MAX_REGIONS = 16
"""The most regions that a label picture may have."""

MIN_SHARE = 0.002
"""The least share of the pixels of a region. Of fewer pixels are edges and JPEG noise."""

MIN_DIFFERENCE = 48
"""Colours that differ by this, of 255, in one channel are two regions even without flat areas."""

_IN_FLAT_AREAS = 0.05
"""The least share of a region's pixels in flat areas that tells it from the colours of an edge."""

_MIN_NEAR = 8
"""In a picture that is not clean, a nearer colour is noise or the end of a soft edge."""

_OFF_LINE, _RINGING, _MIN_RINGING = 1.5, 24.0, 2
"""What JPEG leaves around edges: at least two colours that are so far, of 255, from the lines
between the regions' colours, and at most so far from one of these. Antialiased edges have rounded
colours, which are nearer to a line.
"""

_MIN_RAMP = 0.02
"""The least share of the pixels in a ramp that leads from a region to a peak without flat area."""

_ON_LINE = 0.95
"""The least share of the pixels, in such a picture, whose colours lie on the line of the ramp."""


class Regions(NamedTuple):
    """The colours of the regions of a picture.

    Attributes:
        numbers: Their numbers in the palette, from the darkest to the lightest.
        soft: Whether the colours between are soft edges.
    """

    numbers: list[int]
    soft: bool


def find_regions(palette: Palette) -> Regions:
    """Find the colours of the regions: see ``nst_core.problem.masks.read``."""
    found = _region_colours(palette)
    flat = [n for n in found if palette.flat[n] > _IN_FLAT_AREAS * palette.counts[n]]
    ramp = _ramp_ends(palette, flat) if len(flat) < 2 else []
    if ramp:
        found, flat = list(ramp), ramp
    if 2 <= len(flat) <= MAX_REGIONS:
        # Of an edge's colours, many pixels may have the same.
        inside = soft_masks.between(palette, flat).inside()
        found = [
            n for n in found if n in flat or not inside[n] or not soft_masks.is_edge(palette, n)
        ]
    if len(found) > MAX_REGIONS:
        return Regions(found, soft=False)  # it is refused, and the lines between are many
    found.sort(key=lambda n: (_lightness(palette.colour(n)), palette.colour(n)))
    wide = soft_masks.wide_share(palette, _inside(palette, found)) if len(found) > 1 else 0
    return Regions(found, bool(ramp) or wide >= MIN_SHARE)


def _inside(palette: Palette, found: Sequence[int]) -> NDArray[np.bool_]:
    """Return which colours are clearly between those of two regions."""
    return soft_masks.between(palette, found).inside()


def _region_colours(palette: Palette) -> list[int]:
    """Return the numbers of the colours of the regions, from the largest region to the smallest."""
    pixels = palette.index.size
    # What JPEG leaves around edges has flat areas, too, but small ones.
    clean = palette.is_clean()
    flat = palette.flat_small if clean else palette.flat_beyond_noise
    least = 1 if clean else _MIN_NEAR
    found: list[int] = []
    for n in np.argsort(-palette.counts, kind="stable").tolist():
        if found and palette.counts[n] < MIN_SHARE * pixels:
            break
        nearest = differences(palette.colours[[n]], palette.colours[found]).min(initial=255)
        is_flat = nearest >= least and flat[n] >= MIN_FLAT * palette.counts[n]
        if nearest >= MIN_DIFFERENCE or is_flat:
            found.append(n)
    return _without_ringing(palette, found) if clean else found


def _without_ringing(palette: Palette, found: list[int]) -> list[int]:
    """Leave out what JPEG leaves beside straight edges in a picture of few colours.

    These are stripes of a colour near to that of a region, not wider than JPEG's blocks. There are
    then more colours around that no edge between two regions has.
    """
    kept: list[int] = []
    for n in found:
        near = differences(palette.colours[[n]], palette.colours[kept]).min(initial=255)
        narrow = palette.flat_beyond_noise[n] < _IN_FLAT_AREAS * palette.counts[n]
        if near >= _MIN_NEAR or not narrow:
            kept.append(n)
    if len(kept) in (1, len(found)) or len(kept) > MAX_REGIONS:
        return found
    between = differences(palette.colours[kept], palette.colours[kept])
    if between.max() < MIN_DIFFERENCE:
        return found  # class numbers
    others = np.ones(len(palette.counts), np.bool_)
    others[found] = False
    place = soft_masks.between(palette, kept)
    ringing = others & (place.distance > _OFF_LINE) & (place.to_end <= _RINGING)
    return kept if ringing.sum() >= _MIN_RINGING else found


def _ramp_ends(palette: Palette, flat: Sequence[int]) -> list[int]:
    """Return the numbers of the two ends of a picture's only ramp; empty if there is none.

    Args:
        palette: The colours.
        flat: The colour of the only region with flat areas, or nothing.
    """
    lightness = palette.colours @ np.array(LUMA)
    first = flat[0] if flat else int(lightness.argmin())
    from_first = differences(palette.colours, palette.colours[[first]])[:, 0]
    ends = [first, int(from_first.argmax())]
    if from_first.max() < MIN_DIFFERENCE:
        return []
    pixels = palette.index.size
    place = soft_masks.between(palette, ends)
    on_line = palette.counts[place.distance <= soft_masks.MAX_DISTANCE].sum()
    is_ramp = soft_masks.wide_share(palette, place.inside()) >= _MIN_RAMP
    flat_inside = palette.flat[place.inside()].sum()
    is_ramp &= on_line >= _ON_LINE * pixels and flat_inside <= _IN_FLAT_AREAS * pixels
    is_ramp &= soft_masks.is_spread(palette, place)
    return ends if is_ramp else []


def _edge_colours(palette: Palette, found: Sequence[int]) -> NDArray[np.bool_]:
    """Return which colours lie on the line between those of two clearly different regions."""
    if len(found) < 2:
        return np.zeros(len(palette.counts), np.bool_)
    place = soft_masks.between(palette, found)
    return (place.distance <= soft_masks.MAX_DISTANCE) & (place.length > MIN_DIFFERENCE)


def warnings(palette: Palette, found: Sequence[int], *, soft: bool) -> Iterator[str]:
    """Yield a line about soft edges, about merged and about dropped colours."""
    pixels = palette.index.size
    if soft:
        yield (
            f"colours between those of {_names(palette, found)} are read as soft edges, as weights "
            "of both regions"
        )
    from_found = differences(palette.colours, palette.colours[found])
    nearest, difference = from_found.argmin(axis=1), from_found.min(axis=1)
    is_flat = palette.flat_small >= np.maximum(MIN_FLAT * palette.counts, 1)
    is_small = palette.counts < MIN_SHARE * pixels
    clean = palette.is_clean()
    far = difference >= MIN_DIFFERENCE
    # Colours of edges lie on the line between two others. A colour of 4 pixels that does not may be
    # meant.
    few = len(palette.counts) <= MAX_REGIONS
    stray = ~_edge_colours(palette, found) & (palette.counts >= 4) & clean & (far | few)
    dropped = is_small & (difference > 0) & (stray | (is_flat & (far | clean)))
    merged = ~is_small & (difference > 0) & is_flat & (palette.flat >= 0.005 * pixels)
    for what, which in (
        ("cover less than 1/500 of it and are no regions", dropped),
        ("are too near to others in a noisy picture", merged),
    ):
        numbers = sorted(np.flatnonzero(which).tolist(), key=lambda n: -palette.counts[n])
        if numbers and not soft:
            shown = ", ".join(
                f"{hex_name(palette.colour(n))} ({palette.counts[n]} pixels, counted as "
                f"{hex_name(palette.colour(found[nearest[n]]))})"
                for n in numbers[:3]
            )
            more = f" and {len(numbers) - 3} more" if len(numbers) > 3 else ""
            yield f"flat colours {what}: {shown}{more}"


def hex_name(colour: Colour) -> str:
    """Return a colour as ``#rrggbb``."""
    return "#" + "".join(f"{value:02x}" for value in colour)


def _names(palette: Palette, numbers: Sequence[int]) -> str:
    return ", ".join(hex_name(palette.colour(n)) for n in numbers)


def differences(colours: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Return (K, L): the difference of each of K colours from each of L, in the worst channel."""
    return np.asarray(np.abs(colours[:, None] - others[None]).max(axis=2))


def _lightness(colour: Colour) -> float:
    """Return the luma of ITU-R BT.601."""
    return float(np.dot(colour, LUMA))
