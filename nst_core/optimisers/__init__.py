"""Optimisers in NumPy: they work on any backend, as they need only a loss and its gradient."""

from nst_core.optimisers.lbfgs import LBFGS, Diverged
from nst_core.optimisers.smoothing import Smoothing

__all__ = ["LBFGS", "Diverged", "Smoothing"]
