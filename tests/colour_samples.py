"""A content and a style whose colours have different means and covariances."""

import numpy as np


def content():
    """Return flat squares of 8x8 pixels, (32, 48, 3) float32 in 0.2...0.8."""
    rng = np.random.default_rng(1)
    return np.repeat(np.repeat(rng.uniform(0.2, 0.8, (4, 6, 3)), 8, 0), 8, 1).astype(np.float32)


def style():
    """Return warm colours with noise of light and dark, (40, 50, 3) float32 in [0, 1]."""
    rng = np.random.default_rng(2)
    warm = rng.normal((0.6, 0.4, 0.3), (0.1, 0.05, 0.02), (40, 50, 3))
    return np.clip(warm + rng.normal(0, 0.05, (40, 50, 1)), 0, 1).astype(np.float32)
