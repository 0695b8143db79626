"""Label pictures that hold class numbers, or that have transparent parts."""

from __future__ import annotations

import numpy as np
import PIL.Image

from nst_core.problem.flat_areas import palette_of
from nst_core.problem.region_colours import MIN_DIFFERENCE, MIN_SHARE

_LARGEST_NUMBER = 255

_BACKGROUNDS = (
    (255, 255, 255),
    (0, 0, 0),
    (128, 128, 128),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 0),
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
)


def class_numbers(picture: PIL.Image.Image) -> PIL.Image.Image | None:
    """Return the class numbers of a picture as grey values, mode ``L``; None if it holds none.

    Numbers are the values of a picture of 16 or 32 bits of which none is above 255: as brightness
    they would all be black. So are the indices of a palette that gives several of them one colour.

    Args:
        picture: As Pillow opens it.
    """
    if picture.mode == "I" or picture.mode.startswith("I;16"):
        values = np.asarray(picture)
        if not 0 < values.max() <= _LARGEST_NUMBER or values.min() < 0:
            return None
    elif picture.mode == "P" and "transparency" not in picture.info:
        values = np.asarray(picture)
        used = picture.convert("RGB").getcolors(_LARGEST_NUMBER + 1)
        if used is not None and len(used) == len(np.unique(values)):
            return None
    else:
        return None
    return PIL.Image.fromarray(values.astype(np.uint8))


def on_flat_background(picture: PIL.Image.Image, alpha: PIL.Image.Image) -> PIL.Image.Image:
    """Return a label picture with its transparent parts in a colour that no other part has.

    That is white if possible. A mask that is white on nothing becomes white on black.

    Args:
        picture: The picture over white, mode ``RGB``.
        alpha: Its alpha, mode ``L``.
    """
    opacity = np.asarray(alpha)
    pixels = np.asarray(picture)
    opaque = pixels[opacity == 255]
    if opacity.min() == opacity.max() or not len(opaque):
        return picture
    palette = palette_of(opaque[None])
    taken = palette.colours[palette.counts >= MIN_SHARE * opacity.size]
    free = (
        colour
        for colour in _BACKGROUNDS
        if np.abs(taken - colour).max(axis=1).min(initial=255) >= MIN_DIFFERENCE
    )
    background = np.array(next(free, _BACKGROUNDS[0]))
    transparent = (1 - opacity / 255)[:, :, None]
    moved = pixels - transparent * (255 - background)
    return PIL.Image.fromarray(np.rint(np.clip(moved, 0, 255)).astype(np.uint8))
