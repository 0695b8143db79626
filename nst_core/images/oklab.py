"""OKLab, the colour space of Ottosson (2020): lightness, and two axes of colour.

Source: https://bottosson.github.io/posts/oklab/, with the constants of 2021. A step in any
direction looks about equally large everywhere, and lightness and hue are nearly independent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core.images.srgb_curve import linear_to_srgb, srgb_to_linear

_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_AXES = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

_HALVINGS = 12
"""So often the interval of a chroma that just fits is halved: to 1/4096 of the chroma."""


def to_oklab(colours: NDArray[Any]) -> NDArray[Any]:
    """Return sRGB colours (..., 3) in OKLab: L from 0 to 1, a and b about -0.4 to 0.4.

    Args:
        colours: Clipped to [0, 1].
    """
    linear = srgb_to_linear(np.clip(colours, 0, 1))
    dtype = linear.dtype
    cones = np.cbrt(linear @ _CONES.T.astype(dtype))
    return np.asarray(cones @ _AXES.T.astype(dtype))


def from_oklab(colours: NDArray[Any]) -> NDArray[Any]:
    """Return OKLab colours (..., 3) in sRGB, in [0, 1].

    A colour that sRGB does not have becomes less saturated, until sRGB has it. Lightness, clipped
    to [0, 1], and hue stay; clipping R, G and B would change both.
    """
    colours = np.array(colours)
    colours[..., 0] = np.clip(colours[..., 0], 0, 1)
    linear = _linear(colours)
    outside = ~_fits(linear)
    if outside.any():
        linear[outside] = _linear(_desaturated(colours[outside]))
    return np.asarray(linear_to_srgb(np.clip(linear, 0, 1)))


def _linear(colours: NDArray[Any]) -> NDArray[Any]:
    cones = colours @ np.linalg.inv(_AXES).T.astype(colours.dtype)
    return np.asarray(cones**3 @ np.linalg.inv(_CONES).T.astype(colours.dtype))


def _fits(linear: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which colours (..., 3) of linear light are in [0, 1], but for what rounding does."""
    return np.asarray(np.abs(linear - 0.5).max(axis=-1) <= 0.5 + 1e-5)


def _desaturated(colours: NDArray[Any]) -> NDArray[Any]:
    """Return OKLab colours (N, 3) with the largest share of their chroma that sRGB has."""
    lightness, chroma = colours[:, :1], colours[:, 1:]
    share = np.zeros((len(colours), 1), colours.dtype)
    for halving in range(1, _HALVINGS + 1):
        larger = share + 0.5**halving
        fits = _fits(_linear(np.concatenate([lightness, larger * chroma], axis=1)))
        share = np.where(fits[:, None], larger, share)
    return np.concatenate([lightness, share * chroma], axis=1)
