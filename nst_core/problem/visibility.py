"""Which pixels count if transparent parts are left out: ``alpha = "leave-out"`` in a spec.

What is transparent counts in no loss; a pixel that is half transparent counts half:

- Content losses and total variation take the content's alpha as ``Problem.visibility``.
- In the style losses, the guides of the image and of each style are multiplied by its alpha.
  Without masks, all that is visible is one region.
"""

from __future__ import annotations

import numpy as np
import PIL.Image

from nst_core.arrays import Array
from nst_core.backend.guidance import visibility_at
from nst_core.errors import SpecError
from nst_core.images import DecodedPicture
from nst_core.images.cutout import resized_alpha
from nst_core.spec.fields import Alpha

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


def check_alpha(alpha: PIL.Image.Image | None, role: str) -> None:
    """Check that a picture has something visible.

    Args:
        alpha: The picture's alpha, mode ``L``; None if all of it is visible.
        role: The picture's name in the error message, e.g. ``content``.

    Raises:
        SpecError: if all of it is transparent; one line.
    """
    if alpha is not None and not alpha.getbbox():
        raise SpecError(
            f"all of the {role} is transparent, and alpha = 'leave-out' leaves it out: "
            "take 'over-white'"
        )


def check_visible(seen: Array | None, role: str, *, tap: str) -> None:
    """Check that something of a picture is visible at a tap.

    Args:
        seen: (H, W), how much each pixel is visible; None if all of it is.
        role: The picture's name in the error message, e.g. ``content``.
        tap: The deepest tap that counts.

    Raises:
        SpecError: if nothing is; one line.
    """
    found = visibility_at(seen, tap)
    if seen is not None and found is not None and not found.any():
        height, width = seen.shape
        raise SpecError(
            f"the visible part of the {role} is so small that nothing of it is left at {tap} at "
            f"size {height}x{width}: take a larger size, or alpha = 'over-white'"
        )
