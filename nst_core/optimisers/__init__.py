"""Optimisers in NumPy. They need only a loss and its gradient, so they work on every backend."""

from nst_core.optimisers.lbfgs import LBFGS, Diverged
from nst_core.optimisers.smoothing import Smoothing

__all__ = ["LBFGS", "Diverged", "Smoothing"]
