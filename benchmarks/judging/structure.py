"""How much of the content's structure is in a picture, by its luminance."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nst_core.arrays import Image

Plane: TypeAlias = NDArray[np.float64]

_LUMA = (0.299, 0.587, 0.114)
_RADIUS, _SIGMA = 5, 1.5
_STABLE = (0.01**2, 0.03**2)


def ssim(first: Image, second: Image) -> float:
    """Return the structural similarity of the luminances of two images (H, W, 3) in [0, 1].

    As Wang, Bovik, Sheikh and Simoncelli (2004) have it: Gaussian windows of 11x11 pixels with a
    deviation of 1.5. 1 is equality.
    """
    x, y = (luminance(one) for one in (first, second))
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x, variance_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    light = (2 * mean_x * mean_y + _STABLE[0]) / (mean_x**2 + mean_y**2 + _STABLE[0])
    rest = (2 * covariance + _STABLE[1]) / (variance_x + variance_y + _STABLE[1])
    return float((light * rest).mean())


def edge_agreement(first: Image, second: Image) -> float:
    """Return the correlation of the strengths of the edges of two images (H, W, 3): -1...1.

    The strength is the length of the gradient of the luminance, blurred as in ``ssim``. It is 0 if
    one of the images has no edges.
    """
    x, y = (_edges(luminance(one)) for one in (first, second))
    x, y = x - x.mean(), y - y.mean()
    norm = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / norm) if norm > 0 else 0.0


def luminance(image: Image) -> Plane:
    """Return the luminance (H, W) of an image (H, W, 3)."""
    return np.asarray(np.clip(image, 0, 1) @ np.array(_LUMA), np.float64)


def _edges(plane: Plane) -> Plane:
    down, right = np.gradient(_blurred(plane))
    return _blurred(np.hypot(down, right))


def _blurred(plane: Plane) -> Plane:
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    window = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    window /= window.sum()
    for axis in (0, 1):
        edges = [(_RADIUS, _RADIUS) if axis == one else (0, 0) for one in (0, 1)]
        padded = np.pad(plane, edges, mode="reflect")
        size = plane.shape[axis]
        plane = sum(
            (weight * padded.take(range(start, start + size), axis=axis)
             for start, weight in enumerate(window)),
            start=np.zeros_like(plane),
        )  # fmt: skip
    return plane
