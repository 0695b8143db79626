"""The image that an optimisation starts from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import PIL.Image

from nst_core import images
from nst_core.arrays import Image
from nst_core.backend import MEAN, STD
from nst_core.problem.styles import StylePicture
from nst_core.spec import Start


def noise(*, height: int, width: int, seed: int) -> Image:
    """Return standard normal noise in the normalised image, as an image (H, W, 3) float32.

    Drawn by NumPy's PCG64, so that a seed means the same picture on every backend and machine.
    """
    normal = np.random.Generator(np.random.PCG64(seed)).standard_normal((height, width, 3))
    return np.asarray(normal * STD + MEAN, dtype=np.float32)


def style_colours(styles: Sequence[StylePicture], *, height: int, width: int, seed: int) -> Image:
    """Return normal noise (H, W, 3) float32 whose pixels are distributed as the styles' colours.

    Its mean and covariance are those of the styles' pixels, each style counting by its weight.
    """
    weights = [style.weight for style in styles]
    pixels = [np.asarray(style.picture.convert("RGB"), np.float64) / 255 for style in styles]
    flat = [one.reshape(-1, 3) for one in pixels]
    mean = np.average([one.mean(axis=0) for one in flat], axis=0, weights=weights)
    # Second moments are valid to average, unlike covariances.
    moment = np.average([one.T @ one / len(one) for one in flat], axis=0, weights=weights)
    values, vectors = np.linalg.eigh(moment - np.outer(mean, mean))
    # The symmetric root: of one colour alone, or of grey, there is no Cholesky factor.
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    normal = np.random.Generator(np.random.PCG64(seed)).standard_normal((height, width, 3))
    return np.asarray(normal @ root + mean, dtype=np.float32)


def opened(start: Start, *, max_pixels: int) -> PIL.Image.Image | None:
    """Return the picture that ``start`` names; None where it names none but a kind of start.

    Raises:
        PictureError: if it can't be read.
    """
    if start.image in ("content", "noise", "style-colours"):
        return None
    return images.read(start.image, max_pixels=max_pixels)


def first_image(
    start: Start,
    *,
    picture: PIL.Image.Image | None,
    content: Image,
    styles: Sequence[StylePicture],
) -> Image:
    """Return what the first stage starts from, of the same shape as ``content`` (H, W, 3).

    Args:
        start: Says what.
        picture: As from ``opened``.
        content: The stage's content image.
        styles: The style pictures.
    """
    height, width, _ = content.shape
    found = content
    if picture is not None:
        found = images.resize_picture(picture, height=height, width=width)
    elif start.image == "noise":
        return noise(height=height, width=width, seed=start.seed)
    elif start.image == "style-colours":
        # Of another stream than the noise that may come on top.
        found = style_colours(styles, height=height, width=width, seed=start.seed + 1)
    if not start.noise:
        return found
    grain = noise(height=height, width=width, seed=start.seed)
    part = np.float32(start.noise)
    return np.asarray((1 - part) * found + part * grain)
