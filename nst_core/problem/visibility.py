"""Which pixels count if transparent parts are left out: ``alpha = "leave-out"`` in a spec.

What is transparent counts in no loss; a pixel that is half transparent counts half:

- Content losses and total variation take the content's alpha as ``Problem.visibility``.
- In the style losses, the guides of the image and of each style are multiplied by its alpha.
  Without masks, all that is visible is one region.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import PIL.Image

from nst_core.arrays import Array
from nst_core.backend.footprint import StageSize
from nst_core.backend.guidance import visibility_at
from nst_core.errors import SpecError
from nst_core.images import DecodedPicture
from nst_core.images.cutout import resized_alpha
from nst_core.problem.styles import StylePicture
from nst_core.spec.fields import Alpha
from nst_core.vgg19 import deepest

T = TypeVar("T")

_OPAQUE = 255


def counting_alpha(picture: DecodedPicture, *, alpha: Alpha) -> PIL.Image.Image | None:
    """Return the alpha by which a picture's pixels count, mode ``L``; None if all count alike.

    Args:
        picture: A picture that was read.
        alpha: As in a spec.
    """
    if alpha != "leave-out" or picture.alpha is None or picture.alpha.getextrema()[0] == _OPAQUE:
        return None
    return picture.alpha


def visible(alpha: PIL.Image.Image | None, *, size: tuple[int, int]) -> Array | None:
    """Return how much each pixel of a picture of a certain size is visible.

    Args:
        alpha: The picture's alpha, mode ``L``, of any size; None if all of it is visible.
        size: (H, W).

    Returns:
        (H, W) float32 from 0 to 1; None for None.
    """
    if alpha is None:
        return None
    height, width = size
    return resized_alpha(alpha, height=height, width=width).astype(np.float32) / np.float32(255)


def check_alphas(alpha: PIL.Image.Image | None, styles: Sequence[StylePicture]) -> None:
    """Check that the content, and each style that counts, has something visible.

    Args:
        alpha: The content's alpha, mode ``L``; None if all of it is visible.
        styles: The styles.

    Raises:
        SpecError: if all of one is transparent; one line.
    """
    for role, one in (("content", alpha), *_counting(styles, [style.alpha for style in styles])):
        if one is not None and not one.getbbox():
            raise SpecError(
                f"all of the {role} is transparent, and alpha = 'leave-out' leaves it out: "
                "take 'over-white'"
            )


def check_visible(
    size: StageSize,
    alpha: PIL.Image.Image | None,
    styles: Sequence[StylePicture],
    *,
    taps: Sequence[str],
    style_taps: Sequence[str],
) -> None:
    """Check that something of each picture that counts is visible at the deepest tap.

    Args:
        size: The pictures' sizes in a stage.
        alpha: The content's alpha, mode ``L``; None if all of it is visible.
        styles: The styles.
        taps: All taps that are compared.
        style_taps: Those at which styles are compared.

    Raises:
        SpecError: if nothing of one is; one line.
    """
    _check_seen(visible(alpha, size=size.content), "content", tap=deepest(taps))
    seen = [visible(one.alpha, size=its) for one, its in zip(styles, size.styles, strict=True)]
    for role, one in _counting(styles, seen if style_taps else []):
        _check_seen(one, role, tap=deepest(style_taps))


def _check_seen(seen: Array | None, role: str, *, tap: str) -> None:
    found = visibility_at(seen, tap)
    if seen is not None and found is not None and not found.any():
        height, width = seen.shape
        raise SpecError(
            f"the visible part of the {role} is so small that nothing of it is left at {tap} at "
            f"size {height}x{width}: take a larger size, or alpha = 'over-white'"
        )


def _counting(styles: Sequence[StylePicture], values: Sequence[T]) -> Iterator[tuple[str, T]]:
    """Yield, with the name of a style, the value of each style whose weight is above 0."""
    for number, (style, value) in enumerate(zip(styles, values, strict=False), start=1):
        if style.weight > 0:
            yield (f"style {number}" if len(styles) > 1 else "style"), value
