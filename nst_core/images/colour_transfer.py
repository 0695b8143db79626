"""Colour transfer between pictures, as pure functions of arrays.

Sources: Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style
Transfer" (2016), and Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer"
(2017). ``nst_core.run.recolouring`` applies these functions in a run and describes the methods.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core.arrays import Array, Image

LUMA = (0.299, 0.587, 0.114)
"""Weights of R, G and B in the luminance Y of YIQ (ITU-R BT.601)."""

_MIN_VARIANCE = 1e-5
"""The least variance, of values in [0, 1], in a direction in which colours are taken to vary.

Less is what rounding to 8 bits causes.
"""


def luminance(image: Image) -> Array:
    """Return the luminance Y of YIQ of an image (H, W, 3), as (H, W) in the same dtype."""
    return np.asarray(image @ np.asarray(LUMA, image.dtype))


def matched_luminance(
    style: Array,
    content: Array,
    *,
    style_weights: Array | None = None,
    content_weights: Array | None = None,
) -> Array:
    """Return the style's luminance with the mean and standard deviation of the content's.

    This is (sd_C / sd_S) * (Y_S - mean_S) + mean_C, as in both papers. A style of a single grey
    becomes the content's mean everywhere.

    Args:
        style: The style's luminance, (h, w).
        content: The content's luminance, (H, W).
        style_weights: (h, w), how much each pixel counts in mean and deviation; None if all count
            alike.
        content_weights: (H, W), likewise.

    Returns:
        (h, w) in the style's dtype, not clipped.
    """
    mean, deviation = _mean_and_deviation(style, style_weights)
    content_mean, content_deviation = _mean_and_deviation(content, content_weights)
    ratio = content_deviation / deviation if deviation > 0 else 0.0
    moved = (style - mean) * ratio + content_mean
    return np.asarray(moved, dtype=style.dtype)


def matched(
    style: Image,
    content: Image,
    *,
    style_weights: Array | None = None,
    content_weights: Array | None = None,
) -> Image:
    """Return the style with colours whose mean and covariance are those of the content.

    A colour x becomes A (x - m_S) + m_C, where A = K_C^1/2 K_S^-1/2; m are the means and K the
    covariances. The roots are the symmetric ones, which is the paper's PCA variant; those of
    Cholesky's decomposition would depend on the order of the channels. In a direction in which the
    colours of the style don't vary, e.g. away from grey in a grey picture, the result doesn't vary
    either.

    Args:
        style: (h, w, 3).
        content: (H, W, 3).
        style_weights: (h, w), how much each pixel counts in mean and covariance; None if all count
            alike.
        content_weights: (H, W), likewise.

    Returns:
        (h, w, 3) in the style's dtype, not clipped.
    """
    style_mean, style_covariance = mean_and_covariance(style, style_weights)
    content_mean, content_covariance = mean_and_covariance(content, content_weights)
    mapping = _matrix_power(content_covariance, 0.5) @ _matrix_power(style_covariance, -0.5)
    moved = (style - style_mean) @ mapping.T + content_mean
    return np.asarray(moved, dtype=style.dtype)


def recoloured(image: Image, content: Image) -> Image:
    """Return an image with the luminance of ``image`` and the colours (I and Q) of ``content``.

    If no RGB colour of that luminance in [0, 1] is as saturated, I and Q are scaled down by one
    factor. That keeps luminance and hue; clipping would change both.

    Args:
        image: (H, W, 3), not clipped.
        content: (H, W, 3).

    Returns:
        (H, W, 3) within [0, 1].
    """
    bright = np.clip(luminance(image), 0, 1)[:, :, None]
    # Subtracting Y from each of R, G and B leaves I and Q, expressed in RGB.
    chroma = (content - luminance(content)[:, :, None]).astype(bright.dtype)
    headroom = np.where(chroma > 0, 1 - bright, bright)
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.where(np.abs(chroma) > headroom, headroom / np.abs(chroma), 1)
    return np.asarray(bright + factors.min(axis=2, keepdims=True) * chroma)


def mean_and_covariance(
    image: Image, weights: Array | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the mean (3,) and the covariance (3, 3) of an image's colours, in float64.

    Args:
        image: (H, W, 3).
        weights: (H, W), how much each pixel counts, not 0 throughout; None if all count alike.
    """
    colours = image.reshape(-1, 3).astype(np.float64)
    if weights is None:
        mean = colours.mean(axis=0)
        return mean, (colours - mean).T @ (colours - mean) / len(colours)
    share = weights.reshape(-1, 1).astype(np.float64)
    share /= share.sum()
    mean = (colours * share).sum(axis=0)
    return mean, (colours - mean).T @ ((colours - mean) * share)


def _mean_and_deviation(values: Array, weights: Array | None) -> tuple[float, float]:
    if weights is None:
        return float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    mean = np.average(values.astype(np.float64), weights=weights)
    return float(mean), float(np.average((values - mean) ** 2, weights=weights) ** 0.5)


def _matrix_power(covariance: NDArray[Any], exponent: float) -> NDArray[Any]:
    """Return a power of a covariance (3, 3); eigenvalues below ``_MIN_VARIANCE`` become 0."""
    variances, directions = np.linalg.eigh(covariance)
    kept = variances > _MIN_VARIANCE
    powers = np.zeros_like(variances)
    powers[kept] = variances[kept] ** exponent
    return np.asarray((directions * powers) @ directions.T)
