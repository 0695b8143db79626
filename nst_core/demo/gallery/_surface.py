"""The plane that a picture of the gallery is drawn on: 1.5 wide, 1 high, y down."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nst_core.demo._noise import Array

WIDE = 1.5
OVERSAMPLING = 2


def plane(width: int, height: int) -> tuple[Array, Array]:
    """Return x (0 to 1.5) and y (0 to 1) of each sample, twice as many as pixels along each side.

    A picture of other proportions is cut at its longer side.
    """
    rows, columns = OVERSAMPLING * height, OVERSAMPLING * width
    scale = max(columns / WIDE, rows)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32) + np.float32(0.5)
    return (x - columns / 2) / scale + WIDE / 2, (y - rows / 2) / scale + 0.5


def picture(colours: Array) -> Image.Image:
    """Return samples (2 height, 2 width, 3), 0...1, as a picture of (height, width)."""
    large = Image.fromarray(np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8))
    size = (large.width // OVERSAMPLING, large.height // OVERSAMPLING)
    return large.resize(size, Image.Resampling.LANCZOS)
