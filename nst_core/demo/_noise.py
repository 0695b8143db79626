"""Noise and small functions for shapes and colours, used by both demo pictures."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
"""A float array; the functions say of which shape, if it matters."""

_PERIOD = 256


class Noise:
    """Gradient noise over the plane, determined by its seed.

    Every method takes ``x`` and ``y`` of the same shape, in lattice cells, and returns float32 of
    that shape.
    """

    def __init__(self, seed: int) -> None:
        angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, _PERIOD * _PERIOD)
        self._gradient_x = np.cos(angle).astype(np.float32)
        self._gradient_y = np.sin(angle).astype(np.float32)

    def _corner(
        self, column: npt.NDArray[np.int32], row: npt.NDArray[np.int32], dx: Array, dy: Array
    ) -> Array:
        index = (row & (_PERIOD - 1)) * _PERIOD + (column & (_PERIOD - 1))
        corner: Array = self._gradient_x[index] * dx + self._gradient_y[index] * dy
        return corner

    def __call__(self, x: Array, y: Array) -> Array:
        """Return one octave of noise, about -1...1, with mean 0."""
        floor_x, floor_y = np.floor(x), np.floor(y)
        column, row = floor_x.astype(np.int32), floor_y.astype(np.int32)
        dx, dy = (x - floor_x).astype(np.float32), (y - floor_y).astype(np.float32)
        weight_x, weight_y = _fade(dx), _fade(dy)
        low = self._corner(column, row, dx, dy)
        low += weight_x * (self._corner(column + 1, row, dx - 1, dy) - low)
        high = self._corner(column, row + 1, dx, dy - 1)
        high += weight_x * (self._corner(column + 1, row + 1, dx - 1, dy - 1) - high)
        total: Array = (low + weight_y * (high - low)) * 1.5
        return total

    def fractal(self, x: Array, y: Array, octaves: int, gain: float = 0.5) -> Array:
        """Return a sum of octaves, about -1...1; each is ``gain`` times as strong as the last."""
        total, strength, weight = np.zeros_like(x, dtype=np.float32), 1.0, 0.0
        for _ in range(octaves):
            total = total + strength * self(x, y)
            weight += strength
            strength *= gain
            x, y = _next_octave(x, y)
        return total / weight

    def ridged(self, x: Array, y: Array, octaves: int, gain: float = 0.5) -> Array:
        """Return sharp ridges, about 0...1; fine ridges appear only on coarser ones."""
        total, strength, norm = np.zeros_like(x, dtype=np.float32), 1.0, 0.0
        carry = np.ones_like(total)
        for _ in range(octaves):
            crest = (1.0 - np.abs(self(x, y))) ** 2 * carry
            total = total + strength * crest
            norm += strength
            carry = np.clip(crest * 1.8, 0.0, 1.0)
            strength *= gain
            x, y = _next_octave(x, y)
        return total / norm


def _fade(t: Array) -> Array:
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)


def _next_octave(x: Array, y: Array) -> tuple[Array, Array]:
    """Return the coordinates for the next octave, rotated so that their lattices differ."""
    return 1.62 * x + 1.22 * y + 17.3, -1.22 * x + 1.62 * y + 5.9


def smoothstep(low: float, high: float, value: Array) -> Array:
    """Return 0 at ``low``, 1 at ``high`` and a smooth transition between, also if high < low."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    smooth: Array = t * t * (3.0 - 2.0 * t)
    return smooth


def mix(first: Array, second: Array, weight: Array) -> Array:
    """Return ``first`` (..., 3) for ``weight`` (...) 0, ``second`` (..., 3) for 1, or a blend."""
    return first + (second - first) * weight[..., None]


def colour(red: float, green: float, blue: float) -> Array:
    """Return one colour as an array of shape (3,)."""
    return np.array([red, green, blue], dtype=np.float32)
