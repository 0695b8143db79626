"""From label pictures to guides: how much each pixel belongs to each region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nst_core.arrays import Array
from nst_core.backend.guidance import regions_at
from nst_core.errors import SpecError
from nst_core.problem.masks import Colour, Labels, Mask
from nst_core.problem.styles import StylePicture


def check(mask: Mask | None, styles: Sequence[StylePicture]) -> None:
    """Find out whether every region of the content mask has a style.

    Raises:
        SpecError: one line.
    """
    masks = [style.mask for style in styles]
    if mask is None:
        if any(one is not None for one in masks):
            raise SpecError("a style mask needs a content mask: give --content-mask FILE too")
        return
    content = mask.labels
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
    known = [one.labels for one in masks if one]
    counted = [labels for labels, style in zip(known, styles, strict=True) if style.weight > 0]
    for colour in content.colours:
        if all(labels.matching(colour) is None for labels in counted):
            has = ", ".join(_named(labels.colours) for labels in counted)
            raise SpecError(
                f"region {_name(colour)} of the content mask has no style: the style masks have "
                f"{has}; paint it there in the same colour"
            )


def content_guides(mask: Mask | None, *, size: tuple[int, int]) -> Array | None:
    """Return the guides (R, H, W) of the image; None without a mask."""
    if mask is None:
        return None
    height, width = size
    return np.stack(mask.labels.planes(height=height, width=width))


def style_guides(
    mask: Mask | None,
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
    content = mask.labels
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
    labels = style.mask.labels
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


def _name(colour: Colour) -> str:
    return "#" + "".join(f"{value:02x}" for value in colour)


def _named(colours: Sequence[Colour]) -> str:
    return " ".join(map(_name, colours))
