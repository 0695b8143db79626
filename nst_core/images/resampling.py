"""From one size to another without a detour through 8 bits."""

from __future__ import annotations

import numpy as np
import PIL.Image

from nst_core.arrays import Image


def resize(image: Image, *, height: int, width: int) -> Image:
    """Resize an image (H, W, 3) to ``height`` x ``width``, bilinear with antialiasing, float32.

    For what is still being worked on: values outside [0, 1] stay as they are, and nothing is
    rounded. An image that has the size already keeps its values.
    """
    if image.shape[:2] == (height, width):
        return image
    planes = [
        PIL.Image.fromarray(np.ascontiguousarray(image[:, :, channel], dtype=np.float32)).resize(
            (width, height), PIL.Image.Resampling.BILINEAR
        )
        for channel in range(3)
    ]
    return np.stack([np.asarray(plane, dtype=np.float32) for plane in planes], axis=2)
