"""The colours of the demo painting: lists of sRGB colours in 0...1, and blending along them."""

from __future__ import annotations

import numpy as np

from nst_core.demo._noise import Array

SKY_COLOURS = np.array(
    [
        [0.05, 0.09, 0.30],
        [0.08, 0.19, 0.50],
        [0.12, 0.36, 0.66],
        [0.14, 0.52, 0.64],
        [0.42, 0.72, 0.74],
        [0.76, 0.86, 0.76],
    ]
)
"""The sky, from the darkest blue to the lightest green."""

DISC_COLOURS = np.array(
    [
        [0.99, 0.96, 0.72],
        [0.99, 0.86, 0.34],
        [0.97, 0.66, 0.16],
        [0.90, 0.45, 0.13],
        [0.80, 0.40, 0.20],
    ]
)
"""The discs, from the middle outwards."""

HILL_COLOURS = np.array(
    [
        [0.16, 0.15, 0.40],
        [0.15, 0.30, 0.52],
        [0.13, 0.44, 0.46],
        [0.42, 0.60, 0.36],
        [0.86, 0.74, 0.36],
    ]
)
"""The hills, from shade to sun."""

FIELD_COLOURS = np.array(
    [
        [0.30, 0.17, 0.16],
        [0.66, 0.30, 0.10],
        [0.87, 0.49, 0.10],
        [0.95, 0.69, 0.18],
        [0.98, 0.86, 0.44],
    ]
)
"""The grain field, from shade to sun."""

CYPRESS_COLOURS = np.array(
    [
        [0.04, 0.09, 0.13],
        [0.05, 0.17, 0.19],
        [0.09, 0.28, 0.24],
        [0.26, 0.42, 0.20],
        [0.66, 0.50, 0.15],
    ]
)
"""The cypresses, from shade to sun."""


def ramp(colours: Array, at: Array) -> Array:
    """Return the colour (..., 3) at position ``at``, 0...1, along ``colours`` (n, 3)."""
    stops = np.linspace(0.0, 1.0, len(colours))
    return np.stack([np.interp(at, stops, colours[:, channel]) for channel in range(3)], axis=-1)
