"""The image that an optimisation starts from."""

from __future__ import annotations

import numpy as np

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


def first_image(start: Start, *, content: Image, max_pixels: int) -> Image:
    """Return what the first stage starts from, of the same shape as ``content`` (H, W, 3).

    Raises:
        PictureError: if ``start.image`` is a path that can't be read.
    """
    height, width, _ = content.shape
    if start.image == "content":
        return content
    if start.image == "noise":
        return noise(height=height, width=width, seed=start.seed)
    picture = images.read(start.image, max_pixels=max_pixels)
    return images.fit(picture, height=height, width=width)
