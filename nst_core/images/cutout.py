"""Pictures with transparent parts whose colours are painted as they are, not over white.

A run that keeps the alpha of the content paints "straight" colours: those of the file, not
multiplied by alpha. A picture that was composited over white has white in every pixel that is
partly transparent; with the alpha applied a second time, the result would have a pale fringe.

Two things follow:

- Where alpha is 0 a file may store any colour. There, colours spread from the nearest visible
  pixels, so that neither the convolutions nor a later scaling of the result mix in anything else.
- When such a picture is resized, each pixel counts by its alpha. Colours of almost invisible pixels
  are coarse, because many programs store colours multiplied by alpha.
"""

from __future__ import annotations

import numpy as np
import PIL.Image
from numpy.typing import NDArray

_ALPHA = "nst_alpha"
"""The key of a picture's ``info`` that holds the alpha by which its pixels count."""

_LEAST = np.float32(1 / 1024)
"""The weight of a pixel with alpha 0, below that of alpha 1 of 255."""

_BAND = 512
"""Rows that are worked on at a time: the arrays of a large picture would be large."""


def filled(straight: PIL.Image.Image, alpha: PIL.Image.Image) -> PIL.Image.Image:
    """Return a picture with the colours of all pixels that have any alpha, and spread elsewhere.

    The method is a pyramid: each level halves the one before, with pixels weighted by alpha. Then,
    from the smallest level up, a pixel without any alpha gets its colour from the smaller level.

    Args:
        straight: Mode ``RGB``, not multiplied by alpha.
        alpha: Mode ``L``, of the same size.

    Returns:
        Mode ``RGB``. ``resize`` weights its pixels by the alpha. If nothing is visible, white.
    """
    counts = alpha.histogram()
    if counts[0] == alpha.width * alpha.height:
        return PIL.Image.new("RGB", straight.size, "white")
    picture = straight
    if counts[0]:
        spread = PIL.Image.fromarray(_spread(*_halved(straight, alpha)))
        spread = spread.resize(straight.size, PIL.Image.Resampling.BILINEAR)
        visible = alpha.point([0] + [255] * 255)
        picture = PIL.Image.composite(straight, spread, visible)
    if sum(counts[:255]):
        picture = picture.copy()
        picture.info[_ALPHA] = alpha
    return picture


def keep_weights(picture: PIL.Image.Image, *, of: PIL.Image.Image) -> PIL.Image.Image:
    """Let the pixels of a picture count as those of ``of``, from which it was made."""
    if _ALPHA in of.info:
        picture.info[_ALPHA] = of.info[_ALPHA]
    return picture


def resized(picture: PIL.Image.Image, size: tuple[int, int]) -> PIL.Image.Image:
    """Resize a picture of mode ``RGB``, bilinear with antialiasing; a cut-out weighted by alpha.

    Args:
        picture: The picture. If it comes from ``filled``, pixels count by their alpha.
        size: (width, height). A picture that has the size keeps its values.
    """
    alpha = picture.info.get(_ALPHA)
    if alpha is None or picture.size == size:
        return picture.resize(size, PIL.Image.Resampling.BILINEAR)
    weights = np.asarray(alpha, dtype=np.float32) / np.float32(255) + _LEAST
    total = _resized_plane(weights, size)
    planes = [
        np.rint(_resized_plane(weights * np.asarray(plane), size) / total)
        for plane in picture.split()
    ]
    return PIL.Image.fromarray(np.stack(planes, axis=2).clip(0, 255).astype(np.uint8))


def resized_alpha(alpha: PIL.Image.Image, *, height: int, width: int) -> NDArray[np.uint8]:
    """Return an alpha (mode ``L``) resized like a picture, (H, W) from 0 to 255."""
    resized = alpha.resize((width, height), PIL.Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8)


def _resized_plane(plane: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    floats = PIL.Image.fromarray(np.asarray(plane, dtype=np.float32))
    return np.asarray(floats.resize(size, PIL.Image.Resampling.BILINEAR), dtype=np.float32)


def _halved(
    straight: PIL.Image.Image, alpha: PIL.Image.Image
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the first level: colours times alpha (H/2, W/2, 3), and alpha (H/2, W/2)."""
    width, height = straight.size
    colours, weights = [], []
    for top in range(0, height, _BAND):
        box = (0, top, width, min(height, top + _BAND))
        weight = np.asarray(alpha.crop(box), dtype=np.float32)
        colour = np.asarray(straight.crop(box), dtype=np.float32) * weight[:, :, None]
        colours.append(_half(colour))
        weights.append(_half(weight[:, :, None])[:, :, 0])
    return np.concatenate(colours), np.concatenate(weights)


def _half(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sums of blocks of 2 x 2; zeros are added at odd ends."""
    height, width = values.shape[:2]
    padded = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    rows = padded[0::2] + padded[1::2]
    return np.asarray(rows[:, 0::2] + rows[:, 1::2])


def _spread(colours: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return 8-bit colours (H, W, 3), spread to where the weights are 0."""
    levels = [(colours, weights)]
    while weights.size > 1 and not weights.all():
        # Divided by 4, or the sums of large pictures would lose bits.
        colours, weights = _half(colours) / 4, _half(weights[:, :, None])[:, :, 0] / 4
        levels.append((colours, weights))
    below: NDArray[np.float32] | None = None
    for colours, weights in reversed(levels):
        known = weights > 0
        mean = colours / np.where(known, weights, 1)[:, :, None]
        if below is not None:
            size = (mean.shape[1], mean.shape[0])
            planes = [_resized_plane(below[:, :, channel], size) for channel in range(3)]
            mean = np.where(known[:, :, None], mean, np.stack(planes, axis=2))
        below = mean
    assert below is not None
    return np.asarray(np.rint(below.clip(0, 255)), dtype=np.uint8)
