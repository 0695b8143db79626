"""The camera of the demo landscape: which point of the ground each pixel shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nst_core.demo._noise import Array

EYE_HEIGHT = 14.0
FARTHEST = 14000.0


@dataclass(frozen=True, slots=True)
class View:
    """A pinhole camera at x = y = 0 that looks along +y.

    Attributes:
        width: Columns of the picture.
        height: Rows of the picture.
        eye: Height of the camera above the lake in metres. A camera at the negative height sees
            what the lake reflects.
    """

    width: int
    height: int
    eye: float = EYE_HEIGHT

    @property
    def focal(self) -> float:
        """Pixels per unit of tangent."""
        return 0.96 * self.width

    @property
    def horizon(self) -> float:
        """Row of the horizon."""
        return 0.585 * self.height

    def rays(self) -> tuple[Array, Array]:
        """Return the sideways (width,) and upward (height,) tangents of the pixels."""
        sideways = (np.arange(self.width) + 0.5 - self.width / 2) / self.focal
        upward = (self.horizon - np.arange(self.height) - 0.5) / self.focal
        return sideways.astype(np.float32), upward.astype(np.float32)

    def project(self, x: float, y: float, height: float) -> tuple[float, float]:
        """Return the column and the row of a point in the scene."""
        column = self.width / 2 + self.focal * x / y
        return column, self.horizon - self.focal * (height - self.eye) / y

    def distances(self, heights: Callable[[Array, Array], Array], start: float) -> Array:
        """Return the distance (in y) of the ground that each pixel shows; ``inf`` for the sky.

        In a column, a pixel shows the first ground whose tangent reaches the tangent of the pixel.
        So the tangent of the pixel is searched in the running maximum of the ground's tangents.

        Args:
            heights: Returns the height of the ground at x and y.
            start: Ground nearer than this is ignored.

        Returns:
            (height, width).
        """
        sideways, upward = self.rays()
        steps = np.geomspace(start, FARTHEST, 1100, dtype=np.float32)
        ground = heights(steps[:, None] * sideways[None, :], steps[:, None] + 0.0 * sideways)
        tangents = (ground - self.eye) / steps[:, None]
        if self.eye < 0:
            tangents[ground <= 0.0] = -1e9
        tops = np.maximum.accumulate(tangents, axis=0)
        seen = np.empty((self.height, self.width), dtype=np.float32)
        for column in range(self.width):
            seen[:, column] = _first_crossing(tops[:, column], steps, upward)
        return seen


def _first_crossing(tops: Array, steps: Array, upward: Array) -> Array:
    """Return for each value of ``upward`` the interpolated step at which ``tops`` reaches it."""
    after = np.searchsorted(tops, upward)
    inside = np.clip(after, 1, len(steps) - 1)
    low, high = tops[inside - 1], tops[inside]
    part = np.clip((upward - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
    found = steps[inside - 1] + part * (steps[inside] - steps[inside - 1])
    reached: Array = np.where(after >= len(steps), np.inf, np.where(after == 0, steps[0], found))
    return reached
