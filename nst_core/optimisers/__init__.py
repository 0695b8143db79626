"""Optimisers in NumPy: they work on any backend, as they need only a loss and its gradient."""

from nst_core.optimisers.lbfgs import LBFGS, Diverged

__all__ = ["LBFGS", "Diverged"]
