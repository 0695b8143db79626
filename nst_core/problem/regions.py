"""Turns label pictures into guides: how much each pixel belongs to each region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nst_core.arrays import Array
from nst_core.backend.guidance import regions_at
from nst_core.errors import SpecError
from nst_core.problem.flat_areas import Colour
from nst_core.problem.masks import Labels, Mask
from nst_core.problem.region_colours import hex_name
from nst_core.problem.styles import StylePicture
from nst_core.problem.visibility import visible


def check_styles(mask: Mask | None, styles: Sequence[StylePicture]) -> None:
    """Check that every region of the content mask has a style.

    Raises:
        SpecError: if a region has none, or if masks are missing; one line.
    """
    masks = [style.mask for style in styles]
    if mask is None:
        if any(one is not None for one in masks):
            raise SpecError("a style mask needs a content mask: give --content-mask FILE too")
        return
    content = mask.labels
    if None in masks:
        if content.count != len(styles):
            regions = f"{content.count} region{'s' if content.count > 1 else ''}"
            raise SpecError(
                f"the content mask has {regions} ({_hex_all(content.colours)}) and "
                f"there are {len(styles)} styles: give a style for each region, from the darkest "
                "colour to the lightest, or a --style-mask for each style"
            )
        for colour, style in zip(content.colours, styles, strict=True):
            if style.weight == 0:
                raise SpecError(f"region {hex_name(colour)} has a style of weight 0: raise it")
        return
    style_labels = [one.labels for one in masks if one]
    used = [labels for labels, style in zip(style_labels, styles, strict=True) if style.weight > 0]
    for colour in content.colours:
        if all(labels.matching(colour, rivals=content.colours) is None for labels in used):
            colours = ", ".join(_hex_all(labels.colours) for labels in used)
            raise SpecError(
                f"region {hex_name(colour)} of the content mask has no style: the style masks have "
                f"{colours}; paint it there in the same colour"
            )


def warnings(mask: Mask | None, styles: Sequence[StylePicture]) -> tuple[str, ...]:
    """Return how the masks that are used were read: what was merged, dropped, assumed; by lines."""
    if mask is None:
        return ()
    used = [mask, *(style.mask for style in styles if style.mask is not None)]
    lines = (line for one in used for line in (*one.notes, *one.labels.warnings))
    return tuple(dict.fromkeys(lines))


def content_guides(
    mask: Mask | None, *, size: tuple[int, int], seen: Array | None = None, whole: bool = True
) -> Array | None:
    """Return the guides of the image, (R, H, W) float32 from 0 to 1.

    They are None without a mask, unless parts of the image or of a style are left out. Then all
    that is visible is one region.

    Args:
        mask: The content's label picture.
        size: (H, W).
        seen: (H, W), how much each pixel of the image is visible; None if all of it is.
        whole: Whether nothing of any picture is left out.
    """
    if mask is None:
        return None if whole else _one_region(seen, size)
    height, width = size
    return _visible_part(np.stack(mask.labels.coverage(height=height, width=width)), seen)


def style_guides(
    mask: Mask | None,
    styles: Sequence[StylePicture],
    *,
    sizes: Sequence[tuple[int, int]],
    whole: bool = True,
) -> list[Array | None]:
    """Return the guides of every style, (R, h, w) float32 from 0 to 1.

    Without a mask they are None or one region, as those of the image: see ``content_guides``.
    Otherwise the R regions are those of the content's mask. In a style mask, a region is where the
    mask has the region's colour. Without style masks, all of the first style belongs to the first
    region, all of the second style to the second region, and so on.

    Args:
        mask: The content's label picture.
        styles: The style pictures.
        sizes: The (h, w) of each style picture.
        whole: Whether nothing of any picture is left out.
    """
    seen = [visible(style.alpha, size=size) for style, size in zip(styles, sizes, strict=True)]
    if mask is None:
        return [
            None if whole else _one_region(one, size) for one, size in zip(seen, sizes, strict=True)
        ]
    content = mask.labels
    return [
        _visible_part(np.stack(list(_guides_of(style, number, content, size))), one)
        for number, (style, size, one) in enumerate(zip(styles, sizes, seen, strict=True))
    ]


def _one_region(seen: Array | None, size: tuple[int, int]) -> Array:
    return np.ones((1, *size), np.float32) if seen is None else seen[None]


def _visible_part(guides: Array, seen: Array | None) -> Array:
    return guides if seen is None else guides * seen


def _guides_of(
    style: StylePicture, number: int, content: Labels, size: tuple[int, int]
) -> Iterator[Array]:
    """Yield the guide (h, w) of one style for each region of the content."""
    zeros = np.zeros(size, np.float32)
    if style.mask is None:
        for region in range(content.count):
            yield zeros + np.float32(region == number)
        return
    labels = style.mask.labels
    coverage = labels.coverage(height=size[0], width=size[1])
    for colour in content.colours:
        match = labels.matching(colour, rivals=content.colours)
        yield zeros if match is None else coverage[match]


def check_deepest_tap(
    guides: Array | None, styles: Sequence[tuple[Array | None, float]], *, tap: str, size: str
) -> None:
    """Check that every region that the image has at ``tap`` is present in a style there.

    Args:
        guides: The guides of the image.
        styles: The guides and the weight of every style.
        tap: The deepest tap at which styles are compared.
        size: The size of the image, for the error message.

    Raises:
        SpecError: if a region is missing; one line.
    """
    present = {
        number
        for style_guide, weight in styles
        if weight > 0
        for number in regions_at(style_guide, tap)
    }
    for number in regions_at(guides, tap):
        if number not in present:
            raise SpecError(
                f"region {number + 1} of the content mask, counted from the darkest colour, is so "
                f"small in the style masks that nothing of it is left at {tap} at size {size}: "
                "paint it larger"
            )


def _hex_all(colours: Sequence[Colour]) -> str:
    return " ".join(map(hex_name, colours))
