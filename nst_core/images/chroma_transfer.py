"""The style's colours laid over a painted picture, in OKLab.

Source: the colour transfer of Kolkin, Kucera, Paris, Sykora, Shechtman and Shakhnarovich, "Neural
Neighbor Style Transfer" (2022). The lightness is that of the painted picture. The colours are those
of the content, moved to the mean and the covariance of the style's; a bilateral filter lets them
change where the lightness does. Areas of the content keep together, and no colour strays.

Three things differ from the published code. It takes the values of sRGB for linear light. It clips
R, G and B; here a colour that sRGB does not have loses chroma and keeps its hue. And it has no case
for a content without colours: its colours would be noise, so those of the painted picture are used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core.images.weighted_colours import Floats, WeightedColours

_RIDGE = 1e-4
"""Added to the variances, so that noise is not taken for colours."""

_LEAST_COVARIANCE = 6e-5
"""Of a and b, in absolute value. A picture with less has next to no colours."""

_PASSES = 5
_FALL = 10.0
"""Of the filter's weights exp(-10 |dL|)."""


def in_style_colours(
    painted: NDArray[Any], content: NDArray[Any], *, share: NDArray[Any], style: WeightedColours
) -> NDArray[Any]:
    """Return a painted picture in the style's colours.

    If the style or the content has next to no colours, L, a and b of the painted picture are moved
    to the style's mean and covariance instead.

    Args:
        painted: (H, W, 3), OKLab.
        content: (H, W, 3), OKLab.
        share: (H, W), 0 or more: how much each pixel counts in the statistics.
        style: The style's colours in OKLab.

    Returns:
        (H, W, 3), OKLab, in the dtype of ``painted``. Each channel is within the style's range.
    """
    low, high = (limit.astype(painted.dtype) for limit in style.range())
    result = np.array(painted)
    result[..., 0] = np.clip(painted[..., 0], low[0], high[0])
    source = _distribution(content, share)
    if _has_colours(style) and _has_colours(source):
        result[..., 1:] = _moved(content, source, style, slice(1, 3))
        result[..., 1:] = _filtered(result[..., 1:], guide=result[..., 0])
    else:
        result = _moved(result, _distribution(result, share), style, slice(0, 3))
    return np.clip(result, low, high)


def _distribution(colours: NDArray[Any], share: NDArray[Any]) -> WeightedColours:
    return WeightedColours(
        colours.reshape(-1, 3).astype(np.float64), share.reshape(-1).astype(np.float64)
    )


def _has_colours(distribution: WeightedColours) -> bool:
    covariance = distribution.moments()[1]
    return bool(np.abs(covariance[1:, 1:]).max() >= _LEAST_COVARIANCE)


def _moved(
    image: NDArray[Any], source: WeightedColours, style: WeightedColours, channels: slice
) -> NDArray[Any]:
    """Return some channels of an image, moved to the style's mean and covariance."""
    (mean, covariance), (new_mean, new_covariance) = source.moments(), style.moments()
    whiten = _root(covariance[channels, channels], -0.5)
    matrix = _root(new_covariance[channels, channels], 0.5) @ whiten
    offset = new_mean[channels] - matrix @ mean[channels]
    return np.asarray(image[..., channels] @ matrix.T + offset, image.dtype)


def _root(covariance: Floats, exponent: float) -> Floats:
    """Return a power of a covariance with the ridge, by eigenvalues (ZCA)."""
    variances, directions = np.linalg.eigh(covariance + _RIDGE * np.eye(len(covariance)))
    return np.asarray((directions * variances**exponent) @ directions.T)


def _filtered(chroma: NDArray[Any], *, guide: NDArray[Any]) -> NDArray[Any]:
    """Return a and b (H, W, 2) after passes of a bilateral filter of 3x3 pixels.

    The guide is L, (H, W). Beyond the edges, pixels are repeated.
    """
    weights = [np.exp(-_FALL * np.abs(one - guide))[..., None] for one in _neighbours(guide)]
    total = sum(weights)
    for _ in range(_PASSES):
        neighbours = _neighbours(chroma)
        chroma = sum(w * one for w, one in zip(weights, neighbours, strict=True)) / total
    return chroma


def _neighbours(values: NDArray[Any]) -> list[NDArray[Any]]:
    """Return views on the nine neighbours of each pixel of (H, W, ...), itself included."""
    height, width = values.shape[:2]
    padded = np.pad(values, ((1, 1), (1, 1), *[(0, 0)] * (values.ndim - 2)), mode="edge")
    return [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
