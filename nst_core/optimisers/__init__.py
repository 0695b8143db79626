"""Optimisers in NumPy. They need only a loss and its gradient, so they work on every backend."""

from nst_core.optimisers.laplacian import (
    PYRAMID_LEVELS,
    LaplacianPyramid,
    interpolation,
    level_sizes,
)
from nst_core.optimisers.lbfgs import LBFGS, Diverged
from nst_core.optimisers.smoothing import Smoothing

__all__ = [
    "LBFGS",
    "PYRAMID_LEVELS",
    "Diverged",
    "LaplacianPyramid",
    "Smoothing",
    "interpolation",
    "level_sizes",
]
