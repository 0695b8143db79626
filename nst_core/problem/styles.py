"""Several style pictures: their shares in the blend, and their sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import PIL.Image

from nst_core import images
from nst_core.arrays import Array
from nst_core.backend import StyleSource
from nst_core.errors import SpecError
from nst_core.problem.masks import Mask
from nst_core.spec import Spec
from nst_core.spec.sizes import Size


class StylePicture(NamedTuple):
    """A style picture, its weight in the blend, and its label picture where it has one."""

    picture: PIL.Image.Image
    weight: float
    mask: Mask | None = None


def check_blend(blend: Sequence[float], *, styles: int) -> None:
    """Find out whether ``blend`` has a weight for each of ``styles`` pictures, or is empty.

    Raises:
        SpecError: one line; also for negative or infinite weights, or if all are 0.
    """
    shown = ",".join(f"{weight:g}" for weight in blend)
    if blend and len(blend) != styles:
        raise SpecError(
            f"style blend {shown}: {_count(len(blend), 'weight')} for "
            f"{_count(styles, 'style picture')}; give one for each"
        )
    if any(not 0 <= weight < math.inf for weight in blend):
        raise SpecError(f"style blend {shown}: weights should be finite numbers, 0 or more")
    if blend and not any(blend):
        raise SpecError(f"style blend {shown}: at least one weight should be above 0")


def weighted(
    pictures: Sequence[PIL.Image.Image],
    blend: Sequence[float],
    masks: Sequence[PIL.Image.Image] = (),
) -> tuple[StylePicture, ...]:
    """Return the pictures with their weights, which are equal if ``blend`` is empty, and masks.

    Raises:
        SpecError: as from ``check_blend``; or if there are masks, but not one for each picture.
    """
    check_blend(blend, styles=len(pictures))
    if masks and len(masks) != len(pictures):
        raise SpecError(
            f"{_count(len(masks), 'style mask')} for {_count(len(pictures), 'style picture')}: "
            "give one for each, or none"
        )
    weights = blend or [1.0] * len(pictures)
    read = [Mask(mask, "style mask") for mask in masks]
    several: Sequence[Mask | None] = read or [None] * len(pictures)
    return tuple(
        StylePicture(picture, weight, mask)
        for picture, weight, mask in zip(pictures, weights, several, strict=True)
    )


def size_rule(spec: Spec, stage: int, *, ratio: float) -> Size:
    """Return the size rule of the style pictures in a stage.

    The stage's own; or, if the style has a size of its own, that one in the last stage and in
    proportion before it. Either is multiplied by the style's scale.

    Args:
        spec: The algorithm.
        stage: Its number, from 0.
        ratio: The stage's size over that of the last.
    """
    own = spec.style.size
    rule = Size.parse(spec.stages[stage].size) if own is None else Size.parse(own).scaled(ratio)
    return rule.scaled(spec.style.scale)


def sources(
    styles: Sequence[StylePicture],
    sizes: Sequence[tuple[int, int]],
    guides: Sequence[Array | None],
) -> tuple[StyleSource, ...]:
    """Return the style pictures as backends take them, each fitted to its (height, width)."""
    return tuple(
        StyleSource(
            image=images.resize_picture(style.picture, height=height, width=width),
            weight=style.weight,
            guides=own,
        )
        for style, (height, width), own in zip(styles, sizes, guides, strict=True)
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
