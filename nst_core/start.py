"""The image that an optimisation starts from."""

from __future__ import annotations

import numpy as np
import PIL.Image

from nst_core import images
from nst_core.arrays import Image
from nst_core.backend import MEAN, STD
from nst_core.spec import Start


def noise(*, height: int, width: int, seed: int) -> Image:
    """Return standard normal noise in the normalised image, as an image (H, W, 3) float32.

    Drawn by NumPy's PCG64, so that a seed means the same picture on every backend and machine.
    """
    normal = np.random.Generator(np.random.PCG64(seed)).standard_normal((height, width, 3))
    return np.asarray(normal * STD + MEAN, dtype=np.float32)


def opened(start: Start, *, max_pixels: int) -> PIL.Image.Image | None:
    """Return the picture that ``start`` names; None where it says ``content`` or ``noise``.

    Raises:
        PictureError: if it can't be read.
    """
    if start.image in ("content", "noise"):
        return None
    return images.read(start.image, max_pixels=max_pixels)


def first_image(start: Start, *, picture: PIL.Image.Image | None, content: Image) -> Image:
    """Return what the first stage starts from, of the same shape as ``content`` (H, W, 3).

    Args:
        start: Says what.
        picture: As from ``opened``.
        content: The stage's content image.
    """
    height, width, _ = content.shape
    if picture is not None:
        return images.fit(picture, height=height, width=width)
    if start.image == "noise":
        return noise(height=height, width=width, seed=start.seed)
    return content
