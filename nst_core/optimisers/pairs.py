"""The curvature pairs of L-BFGS, and the inverse Hessian that they imply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nst_core.arrays import Array
from nst_core.optimisers.line_search import CHUNK, dot

MIN_CURVATURE = 1e-10
"""A pair is stored if s.y is above this, as in PyTorch. With s.y <= 0, H would not be positive."""


class CurvaturePairs:
    """A ring buffer of the last ``history`` pairs (s, y), and the inverse Hessian H they imply.

    Computing a direction reads each pair twice, so memory bandwidth decides its speed. Therefore
    the buffer is allocated once, and all work is done in place, in chunks that fit a core's cache.

    Args:
        history: The number of pairs, at least 1.
        size: The number of elements of s and of y.
        dtype: Their dtype.
    """

    def __init__(self, history: int, size: int, dtype: np.dtype[Any]) -> None:
        if history < 1:
            raise ValueError(f"history = {history}: should be 1 or more")
        try:
            self._s, self._y = np.empty((2, history, size), dtype)
        except ValueError:  # more elements than NumPy can count
            raise MemoryError(f"can't allocate {history} pairs of {size} numbers") from None
        self._rho = np.empty(history)
        self._scratch = np.empty(min(size, CHUNK), dtype)
        self.forget()

    def forget(self) -> None:
        """Drop all pairs: H is the identity."""
        self._pushed = 0
        self._scale = 1.0

    def push(self, s: Array, y: Array) -> None:
        """Copy a pair over the oldest one if its curvature s.y is above ``MIN_CURVATURE``."""
        with np.errstate(all="ignore"):
            curvature, square = dot(s, y), dot(y, y)
        if not MIN_CURVATURE < curvature < np.inf or square == 0:
            return
        row = self._pushed % len(self._rho)
        self._s[row], self._y[row], self._rho[row] = s, y, 1 / curvature
        self._scale = curvature / square
        self._pushed += 1

    def apply(self, q: Array) -> None:
        """Multiply q by H in place, by the two-loop recursion; H0 is s.y / y.y, newest pair."""
        count = min(self._pushed, len(self._rho))
        rows = [k % len(self._rho) for k in range(self._pushed - count, self._pushed)]
        alphas = {}
        with np.errstate(all="ignore"):
            for row in reversed(rows):
                alphas[row] = float(self._rho[row]) * dot(self._s[row], q)
                self._add(q, -alphas[row], self._y[row])
            q *= q.dtype.type(self._scale)
            for row in rows:
                beta = float(self._rho[row]) * dot(self._y[row], q)
                self._add(q, alphas[row] - beta, self._s[row])

    def state(self) -> dict[str, Array]:
        """Return the stored pairs, at their places in the ring buffer, without a copy."""
        count = min(self._pushed, len(self._rho))
        arrays = {"s": self._s[:count], "y": self._y[:count], "rho": self._rho[:count]}
        scalars = {"history": len(self._rho), "pushed": self._pushed, "scale": self._scale}
        return arrays | {name: np.array(float(value)) for name, value in scalars.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continue from what ``state`` returned.

        Raises:
            ValueError: if ``history`` was another, or if pairs are missing.
        """
        history, pushed = (float(state[name]) for name in ("history", "pushed"))
        if history != len(self._rho):
            raise ValueError(f"the state has history {history:g}, not {len(self._rho)}")
        count = int(min(max(pushed, 0), len(self._rho)))
        shapes = [state[name].shape for name in ("s", "y", "rho")]
        if shapes != [(count, self._s.shape[1])] * 2 + [(count,)]:
            raise ValueError(f"the state's pairs are {shapes}, after {pushed:g}")
        self._s[:count], self._y[:count] = state["s"], state["y"]
        self._rho[:count] = state["rho"]
        self._pushed, self._scale = int(state["pushed"]), float(state["scale"])

    def _add(self, q: Array, factor: float, row: Array) -> None:
        """Add factor * row to q in place."""
        scalar = q.dtype.type(factor)
        for i in range(0, q.size, CHUNK):
            part = row[i : i + CHUNK]
            scratch = self._scratch[: part.size]
            np.multiply(part, scalar, out=scratch)
            q[i : i + CHUNK] += scratch
