"""Brush strokes: paint along a path, with streaks of bristles, and shaded by its thickness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from nst_core.demo._noise import Array, Noise, smoothstep

_BRISTLES, _STREAK_LENGTH, _BRUSHES = 48, 192, 24


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke of the brush, in pixels of the canvas.

    Attributes:
        path: Points of the centre line, (n, 2) as x and y, about evenly spaced.
        width: Width in pixels.
        paint: The main colour, (3,), 0...1.
        second_colour: The colour of the streaks, as if left in the brush, (3,), 0...1.
        thickness: Thickness of the paint, about 1.
        brush: The number of the brush, which sets its streaks; any integer.
    """

    path: Array
    width: float
    paint: Array
    second_colour: Array
    thickness: float
    brush: int


class Canvas:
    """The painted surface: the colour and the thickness of the paint at each pixel."""

    def __init__(self, width: int, height: int, ground: Array) -> None:
        self.colour = np.broadcast_to(ground, (height, width, 3)).astype(np.float32)
        self.thickness = np.zeros((height, width), dtype=np.float32)
        self._streaks = _streaks()

    def add(self, stroke: Stroke) -> None:
        """Paint one stroke on the canvas."""
        points, along, across = _samples(stroke)
        streak = self._streak(stroke, along, across)
        cover = _coverage(along, across, streak)
        column, row = np.rint(points).astype(np.int32).T
        height, width = self.thickness.shape
        keep = (cover > 0.5) & (column >= 0) & (row >= 0) & (column < width) & (row < height)
        column, row, streak = column[keep], row[keep], streak[keep]
        along, across = along[keep], across[keep]
        blend = np.clip(0.30 + 0.55 * (streak - 0.45), 0.0, 0.75)[:, None]
        shade = (0.90 + 0.20 * streak)[:, None]
        paint = (stroke.paint + blend * (stroke.second_colour - stroke.paint)) * shade
        # The stroke takes up some of the paint below, more towards its end.
        lift = (0.06 + 0.22 * along**2)[:, None]
        self.colour[row, column] = paint + lift * (self.colour[row, column] - paint)
        ridge = _thickness_profile(along, across, streak)
        self.thickness[row, column] = 0.30 * self.thickness[row, column] + stroke.thickness * ridge

    def _streak(self, stroke: Stroke, along: Array, across: Array) -> Array:
        bristle = ((across + 1.0) * 0.5 * (_BRISTLES - 1)).astype(np.int32)
        place = (along * min(1.0, len(stroke.path) / 200.0) * (_STREAK_LENGTH - 1)).astype(np.int32)
        streak: Array = self._streaks[stroke.brush % _BRUSHES, bristle, place]
        return streak

    def lit(self, relief: float) -> Image.Image:
        """Return the painting, lit from the upper left.

        Args:
            relief: How strong the shading by the thickness is, about 1.
        """
        thick = _box_blurred(self.thickness)
        down, right = np.gradient(thick)
        slope = relief * (right + 1.2 * down)
        shade = 1.0 + np.clip(0.95 * slope, -0.42, 0.40)
        gloss = np.clip(slope - 0.22, 0.0, 0.5) ** 1.5
        lit = self.colour * shade[..., None] + 0.55 * gloss[..., None]
        return Image.fromarray(np.rint(np.clip(lit, 0.0, 1.0) * 255.0).astype(np.uint8))


def _streaks() -> Array:
    """Return streaks (brushes, bristles, length), 0...1, that change slowly along the length."""
    noise = Noise(31)
    bristle, run = np.meshgrid(np.arange(_BRISTLES), np.arange(_STREAK_LENGTH), indexing="ij")
    brushes = []
    for brush in range(_BRUSHES):
        across = bristle * 0.36 + 40.0 * brush
        coarse = noise(across, run / 75.0 + brush)
        fine = noise(across * 2.3 + 9.0, run / 40.0)
        brushes.append(np.clip(0.5 + 0.62 * coarse + 0.38 * fine, 0.0, 1.0))
    return np.stack(brushes)


def _samples(stroke: Stroke) -> tuple[Array, Array, Array]:
    """Return the sample points (n, 2) of a stroke, and their positions along and across it.

    The positions are (n,): 0...1 along the stroke and -1...1 across it.
    """
    ahead = np.gradient(stroke.path, axis=0)
    ahead /= np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-6)[:, None]
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    along = np.linspace(0.0, 1.0, len(stroke.path), dtype=np.float32)
    # The width grows fast at the start and shrinks slowly at the end.
    press = np.minimum(1.0, 0.55 + 4.0 * along) * (1.0 - 0.45 * along**3)
    across = np.linspace(-1.0, 1.0, max(5, int(1.5 * stroke.width)), dtype=np.float32)
    offset = press[:, None] * across * stroke.width / 2
    points = stroke.path[:, None, :] + offset[..., None] * normal[:, None, :]
    shape = offset.shape
    flat_along = np.broadcast_to(along[:, None], shape).ravel()
    return points.reshape(-1, 2), flat_along, np.broadcast_to(across, shape).ravel()


def _coverage(along: Array, across: Array, streak: Array) -> Array:
    """Return 1 where the stroke leaves paint; its start is round and its end is ragged."""
    start = along > 0.055 * across**2 * 1.6
    dry = streak + 0.30 > smoothstep(0.62, 1.0, along) * 1.05 + 0.22 * np.abs(across) ** 6
    return (start & dry).astype(np.float32)


def _thickness_profile(along: Array, across: Array, streak: Array) -> Array:
    """Return the thickness of the paint: furrowed, and larger at the rims and the start."""
    rim = 0.42 * np.exp(-(((np.abs(across) - 0.86) / 0.14) ** 2))
    heap = 0.45 * np.exp(-(((along - 0.05) / 0.05) ** 2))
    thin = 1.0 - 0.55 * along**2
    relief: Array = (0.35 + 0.95 * streak + rim + heap) * thin * (1.0 - 0.5 * across**8)
    return relief


def _box_blurred(grid: Array) -> Array:
    """Return ``grid`` (height, width) averaged over 3 x 3 pixels."""
    padded = np.pad(grid, 1, mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    mean: Array = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9.0
    return mean
