"""Whose colours a picture gets: the style's, the content's, or the style's made like those.

After Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style Transfer"
(2016), and Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer" (2017):

- ``style``: nothing is done.
- ``content``: only light and dark are painted. Content and style are made grey, the style's grey
  with the content's mean and deviation, and the result's luminance gets the content's colours. To
  paint in colour and exchange the colours at the end would be less work, and looks worse: the
  luminance then has the grain of coloured strokes that are no longer there, and its light follows
  the style's palette (on the demo pair the lake came out near black, and the sky in specks).
- ``match``: before anything else the style's colours are moved, each by the same affine map, so
  that their mean and covariance are the content's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core.arrays import Array, Image

LUMA = (0.299, 0.587, 0.114)
"""Luminance of RGB in the YIQ space, ITU-R BT.601."""

_FLAT = 1e-5
"""Variance in [0, 1]^2 below which a direction holds no colour: that of rounding to 8 bits."""


def luminance(image: Image) -> Array:
    """Return the luminance Y of YIQ, (H, W), of an image (H, W, 3)."""
    return np.asarray(image @ np.asarray(LUMA, image.dtype))


def matched_luminance(style: Array, content: Array) -> Array:
    """Return the style's luminance with the content's mean and standard deviation.

    (sd_C / sd_S) * (Y_S - mean_S) + mean_C, as in both papers; a style of a single grey becomes
    the content's mean.
    """
    deviation = style.std(dtype=np.float64)
    ratio = content.std(dtype=np.float64) / deviation if deviation > 0 else 0.0
    moved = (style - style.mean(dtype=np.float64)) * ratio + content.mean(dtype=np.float64)
    return np.asarray(moved, dtype=style.dtype)


def matched(style: Image, content: Image) -> Image:
    """Return the style's colours x as A (x - m_S) + m_C, which have the content's statistics.

    A = K_C^1/2 K_S^-1/2 with the symmetric roots of the covariances (the paper's PCA variant;
    Cholesky's would depend on the order of the channels). Where the style has no colours in some
    direction, as in a grey picture, it gets none there.

    Args:
        style: (h, w, 3).
        content: (H, W, 3).
    """
    style_mean, style_covariance = _statistics(style)
    content_mean, content_covariance = _statistics(content)
    mapping = _power(content_covariance, 0.5) @ _power(style_covariance, -0.5)
    moved = (style - style_mean) @ mapping.T + content_mean
    return np.asarray(moved, dtype=style.dtype)


def recoloured(image: Image, content: Image) -> Image:
    """Return the luminance of ``image`` with the colours, I and Q of YIQ, of ``content``.

    Where no RGB colour of that luminance is as colourful, I and Q are made smaller alike, which
    keeps luminance and hue; clipping would change both.

    Args:
        image: (H, W, 3), not clipped.
        content: (H, W, 3).

    Returns:
        (H, W, 3) within [0, 1].
    """
    bright = np.clip(luminance(image), 0, 1)[:, :, None]
    # In YIQ, I and Q are what is left of RGB when Y is taken from each of R, G and B.
    chroma = (content - luminance(content)[:, :, None]).astype(bright.dtype)
    room = np.where(chroma > 0, 1 - bright, bright)
    with np.errstate(divide="ignore", invalid="ignore"):
        fits = np.where(np.abs(chroma) > room, room / np.abs(chroma), 1).min(axis=2, keepdims=True)
    return np.asarray(bright + fits * chroma)


def _statistics(image: Image) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return mean (3,) and covariance (3, 3) of the colours, in float64."""
    colours = image.reshape(-1, 3).astype(np.float64)
    mean = colours.mean(axis=0)
    return mean, (colours - mean).T @ (colours - mean) / len(colours)


def _power(covariance: NDArray[Any], exponent: float) -> NDArray[Any]:
    """Return a power of a covariance; directions without colour stay zero."""
    variances, directions = np.linalg.eigh(covariance)
    kept = variances > _FLAT
    powers = np.zeros_like(variances)
    powers[kept] = variances[kept] ** exponent
    return np.asarray((directions * powers) @ directions.T)
