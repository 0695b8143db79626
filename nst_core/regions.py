"""Label pictures: from flat colours, one a region, to guides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core.arrays import Array
from nst_core.errors import SpecError
from nst_core.guides import regions_at
from nst_core.styles import StylePicture

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
    region: NDArray[np.intp]

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
    region = differences.argmin(axis=1)[inverse]
    return Labels(tuple(found), region.reshape(packed.shape))


def check(mask: PIL.Image.Image | None, styles: Sequence[StylePicture]) -> None:
    """Find out whether every region of the content mask has a style.

    Raises:
        SpecError: one line.
    """
    masks = [style.mask for style in styles]
    if mask is None:
        if any(one is not None for one in masks):
            raise SpecError("a style mask needs a content mask: give --content-mask FILE too")
        return
    content = read(mask, "content mask")
    if None in masks:
        if content.count != len(styles):
            raise SpecError(
                f"the content mask has {content.count} regions ({_named(content.colours)}) and "
                f"there are {len(styles)} styles: give a style for each region, from the darkest "
                "colour to the lightest, or a --style-mask for each style"
            )
        for colour, style in zip(content.colours, styles, strict=True):
            if style.weight == 0:
                raise SpecError(f"region {_name(colour)} has a style of weight 0: raise it")
        return
    known = [read(one, "style mask") for one, style in zip(masks, styles, strict=True) if one]
    counted = [labels for labels, style in zip(known, styles, strict=True) if style.weight > 0]
    for colour in content.colours:
        if all(labels.matching(colour) is None for labels in counted):
            has = ", ".join(_named(labels.colours) for labels in counted)
            raise SpecError(
                f"region {_name(colour)} of the content mask has no style: the style masks have "
                f"{has}; paint it there in the same colour"
            )


def content_guides(mask: PIL.Image.Image | None, *, size: tuple[int, int]) -> Array | None:
    """Return the guides (R, H, W) of the image; None without a mask."""
    if mask is None:
        return None
    height, width = size
    return np.stack(read(mask, "content mask").planes(height=height, width=width))


def style_guides(
    mask: PIL.Image.Image | None,
    styles: Sequence[StylePicture],
    *,
    sizes: Sequence[tuple[int, int]],
) -> list[Array | None]:
    """Return every style's guides (R, h, w), which are for the regions of the content's ``mask``.

    In a style mask a region is where it has the region's colour. Without style masks the first
    style is wholly the first region's, the second the second's.
    """
    if mask is None:
        return [None] * len(styles)
    content = read(mask, "content mask")
    return [
        np.stack(list(_guides_of(style, number, content, size)))
        for number, (style, size) in enumerate(zip(styles, sizes, strict=True))
    ]


def _guides_of(
    style: StylePicture, number: int, content: Labels, size: tuple[int, int]
) -> Iterator[Array]:
    nothing = np.zeros(size, np.float32)
    if style.mask is None:
        for region in range(content.count):
            yield nothing + np.float32(region == number)
        return
    labels = read(style.mask, "style mask")
    planes = labels.planes(height=size[0], width=size[1])
    for colour in content.colours:
        match = labels.matching(colour)
        yield nothing if match is None else planes[match]


def check_depth(
    guides: Array | None, styles: Sequence[tuple[Array | None, float]], *, tap: str, size: str
) -> None:
    """Find out whether every region that the image has at ``tap`` has some style left there.

    Args:
        guides: The image's.
        styles: Every style's guides and weight.
        tap: The deepest that styles are compared at.
        size: What errors call the size.

    Raises:
        SpecError: one line.
    """
    there = {number for found, weight in styles if weight > 0 for number in regions_at(found, tap)}
    for number in regions_at(guides, tap):
        if number not in there:
            raise SpecError(
                f"region {number + 1} of the content mask, counted from the darkest colour, is so "
                f"small in the style masks that nothing of it is left at {tap} at size {size}: "
                "paint it larger"
            )


def _resized(plane: NDArray[Any], height: int, width: int) -> Array:
    """Resize by area, so that a pixel on an edge lies partly in either region."""
    picture = PIL.Image.fromarray(plane.astype(np.float32))
    return np.asarray(picture.resize((width, height), PIL.Image.Resampling.BOX), np.float32)


def _difference(first: Colour, second: Colour) -> int:
    return max(abs(a - b) for a, b in zip(first, second, strict=True))


def _lightness(colour: Colour) -> float:
    """Return ITU-R BT.601's luma."""
    return float(np.dot(colour, (0.299, 0.587, 0.114)))


def _name(colour: Colour) -> str:
    return "#" + "".join(f"{value:02x}" for value in colour)


def _named(colours: Sequence[Colour]) -> str:
    return " ".join(map(_name, colours))
