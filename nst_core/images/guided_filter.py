"""The guided filter of He, Sun and Tang (2013), as a map of colours for each place.

Around each place an affine map from the colours of a guide to those of an image is fitted by least
squares. The map applied to the guide is a picture with the colours of the image and the edges and
gradients of the guide: noise and bands of the image are gone. The maps are smooth, so they may be
fitted on small pictures and applied to large ones (He and Sun, "Fast Guided Filter", 2015).
"""

from __future__ import annotations

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core.arrays import Image

Floats = NDArray[np.float64]

_LEAST_WEIGHT = 1e-9


def affine_maps(
    guide: Floats, image: Floats, *, weights: Floats, radius: int, ridge: float
) -> Floats:
    """Return the local affine maps from the colours of ``guide`` to those of ``image``.

    Args:
        guide: (H, W, 3), values in [0, 1].
        image: (H, W, 3).
        weights: (H, W), 0 or more: how much each pixel counts.
        radius: A window has 2 * radius + 1 pixels a side, fewer at the picture's edges.
        ridge: The variance, of values in [0, 1], below which a map keeps the guide's gradients
            instead of fitting the image's.

    Returns:
        (H, W, 4, 3): a colour c becomes c @ map[:3] + map[3].
    """
    total = _box(weights[..., None], radius) + _LEAST_WEIGHT

    def mean(values: Floats) -> Floats:
        flat = values.reshape(*values.shape[:2], -1) * weights[..., None]
        return np.asarray((_box(flat, radius) / total).reshape(values.shape))

    mean_guide, mean_image = mean(guide), mean(image)
    covariance = mean(_outer(guide, guide)) - _outer(mean_guide, mean_guide)
    cross = mean(_outer(guide, image)) - _outer(mean_guide, mean_image)
    identity = ridge * np.eye(3)
    slopes = np.linalg.solve(covariance + identity, cross + identity)
    offsets = mean_image - np.einsum("hwi,hwij->hwj", mean_guide, slopes)
    return mean(np.concatenate([slopes, offsets[:, :, None]], axis=2))


def apply_maps(guide: Image, maps: Floats) -> Image:
    """Return a guide with the map at each place applied to its colour there.

    Args:
        guide: (H, W, 3).
        maps: (h, w, 4, 3) as ``affine_maps`` returns them, fitted on a guide of any size.

    Returns:
        (H, W, 3) float32, not clipped.
    """
    height, width, _ = guide.shape
    result = np.zeros(guide.shape, np.float32)
    # One plane of the maps at a time: twelve of a large picture would take much memory.
    for row, channel in np.ndindex(4, 3):
        plane = PIL.Image.fromarray(maps[:, :, row, channel].astype(np.float32))
        factor = np.asarray(plane.resize((width, height), PIL.Image.Resampling.BILINEAR))
        result[:, :, channel] += factor * guide[:, :, row] if row < 3 else factor
    return result


def _outer(first: Floats, second: Floats) -> Floats:
    return np.asarray(first[..., :, None] * second[..., None, :])


def _box(values: Floats, radius: int) -> Floats:
    """Return the means of (H, W, C) over windows, which are cut at the edges."""
    for axis in (0, 1):
        size = values.shape[axis]
        sums = np.cumsum(values, axis=axis)
        sums = np.concatenate([np.zeros_like(np.take(sums, [0], axis)), sums], axis=axis)
        last = np.minimum(np.arange(size) + radius + 1, size)
        first = np.maximum(np.arange(size) - radius, 0)
        window = np.take(sums, last, axis) - np.take(sums, first, axis)
        values = window / (last - first).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    return values
