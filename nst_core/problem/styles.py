"""Style pictures: their weights in the blend, their masks and their sizes."""

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
    """A style picture.

    Attributes:
        picture: The picture.
        weight: Its weight in the blend, 0 or more.
        mask: Its label picture, or None.
        alpha: The alpha, mode ``L``, by which its pixels count; None if all count alike.
    """

    picture: PIL.Image.Image
    weight: float
    mask: Mask | None = None
    alpha: PIL.Image.Image | None = None


def check_blend(blend: Sequence[float], *, styles: int) -> None:
    """Check that ``blend`` has a weight for each of ``styles`` pictures, or is empty.

    Raises:
        SpecError: if it has not, if a weight is negative or infinite, or if all weights are 0; one
            line.
    """
    text = ",".join(f"{weight:g}" for weight in blend)
    if blend and len(blend) != styles:
        raise SpecError(
            f"style blend {text}: {_count(len(blend), 'weight')} for "
            f"{_count(styles, 'style picture')}; give one for each"
        )
    if any(not 0 <= weight < math.inf for weight in blend):
        raise SpecError(f"style blend {text}: weights should be finite numbers, 0 or more")
    if blend and not any(blend):
        raise SpecError(f"style blend {text}: at least one weight should be above 0")


def weighted_styles(
    pictures: Sequence[PIL.Image.Image],
    blend: Sequence[float],
    masks: Sequence[PIL.Image.Image] = (),
    alphas: Sequence[PIL.Image.Image | None] = (),
) -> tuple[StylePicture, ...]:
    """Return the style pictures with their weights, masks and alphas.

    Args:
        pictures: The style pictures.
        blend: The weight of each picture; equal weights if it is empty.
        masks: The label picture of each picture; none if it is empty.
        alphas: The alpha by which the pixels of each picture count; none if it is empty.

    Raises:
        SpecError: as ``check_blend``; or if there are masks, but not one for each picture.
    """
    check_blend(blend, styles=len(pictures))
    if masks and len(masks) != len(pictures):
        raise SpecError(
            f"{_count(len(masks), 'style mask')} for {_count(len(pictures), 'style picture')}: "
            "give one for each, or none"
        )
    weights = blend or [1.0] * len(pictures)
    style_masks: Sequence[Mask | None] = [Mask(mask, "style mask") for mask in masks]
    return tuple(
        StylePicture(*one)
        for one in zip(
            pictures,
            weights,
            style_masks or [None] * len(pictures),
            alphas or [None] * len(pictures),
            strict=True,
        )
    )


def size_rule(spec: Spec, stage: int, *, ratio: float) -> Size:
    """Return the size rule of the style pictures in a stage.

    It is the size of the stage. If the spec has a size for the style pictures, it is that size
    times ``ratio`` instead. Both are multiplied by the style's scale.

    Args:
        spec: The algorithm.
        stage: The stage's number, counted from 0.
        ratio: The stage's size divided by the size of the last stage.
    """
    size = spec.style.size
    rule = Size.parse(spec.stages[stage].size) if size is None else Size.parse(size).scaled(ratio)
    return rule.scaled(spec.style.scale)


def style_sources(
    styles: Sequence[StylePicture],
    sizes: Sequence[tuple[int, int]],
    guides: Sequence[Array | None],
) -> tuple[StyleSource, ...]:
    """Return the style pictures as a backend's ``Problem`` holds them.

    Args:
        styles: The style pictures.
        sizes: The (height, width) that each picture is resized to.
        guides: The guides (R, height, width) of each picture, or None.
    """
    return tuple(
        StyleSource(
            image=images.resize_picture(style.picture, height=height, width=width),
            weight=style.weight,
            guides=guide,
        )
        for style, (height, width), guide in zip(styles, sizes, guides, strict=True)
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
