"""The whole demo painting: layers of strokes over the motif, large strokes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from nst_core.demo._motif import CYPRESS, HIGH, WIDE, Motif
from nst_core.demo._noise import Array, colour
from nst_core.demo._strokes import Canvas, Stroke

_GROUND = colour(0.34, 0.24, 0.20)
_STEP = 2.0

_Count: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer of strokes; lengths are in units of the canvas.

    Attributes:
        count: The number of strokes before some are dropped, see ``detail``.
        length: Mean length of a stroke.
        width: Mean width of a stroke.
        thickness: Thickness of the paint.
        colour_deviation: How much the colours deviate from those of the motif.
        detail: 0 for strokes everywhere, 1 for strokes only where the motif needs small ones.
    """

    count: int
    length: float
    width: float
    thickness: float
    colour_deviation: float
    detail: float


_LAYERS = (
    _Layer(1500, 62.0, 13.0, 0.8, 0.030, 0.0),
    _Layer(3600, 46.0, 8.5, 1.0, 0.045, 0.0),
    _Layer(3600, 32.0, 6.0, 1.15, 0.055, 0.6),
    _Layer(1500, 24.0, 4.4, 1.3, 0.070, 0.9),
)


class Painting:
    """The painting, which can be rendered at any size."""

    def __init__(self) -> None:
        self._motif = Motif()

    def render(self, width: int, height: int) -> Image.Image:
        """Return the picture; it is painted at twice the size and scaled down."""
        rng = np.random.default_rng(1889)
        scale = 2.0 * width / WIDE
        canvas = Canvas(2 * width, 2 * height, _GROUND)
        for layer in _LAYERS:
            for stroke in self._strokes(rng, layer, scale):
                canvas.add(stroke)
        return canvas.lit(scale / 3.0).resize((width, height), Image.Resampling.LANCZOS)

    def _strokes(self, rng: np.random.Generator, layer: _Layer, scale: float) -> list[Stroke]:
        """Return the strokes of one layer in order of painting: far regions before near ones."""
        x, y = (
            rng.uniform(-8.0, WIDE + 8.0, layer.count),
            rng.uniform(-8.0, HIGH + 8.0, layer.count),
        )
        wanted = self._motif.detail(x, y) > layer.detail * rng.uniform(0.0, 1.0, layer.count)
        x, y = x[wanted], y[wanted]
        order = np.argsort(self._motif.region(x, y), kind="stable")
        x, y = x[order], y[order]
        size = np.clip(rng.normal(1.0, 0.22, len(x)), 0.55, 1.5)
        paths, ends = self._paths(x, y, layer.length)
        paints = self._colours(rng, layer, x, y)
        second_colours = self._colours(
            rng, layer, x + rng.normal(0, 9, len(x)), y + rng.normal(0, 9, len(x))
        )
        strokes = []
        for index in np.flatnonzero(ends[1] - ends[0] >= 3):
            path = _resampled(
                paths[ends[0][index] : ends[1][index], index], scale, float(size[index])
            )
            width = float(layer.width * scale * size[index])
            width *= min(1.0, 0.35 + len(path) / (layer.length * scale * 1.5))
            thickness = layer.thickness * float(rng.uniform(0.7, 1.3)) * scale / 3.0
            brush = int(rng.integers(1000))
            strokes.append(
                Stroke(path, width, paints[index], second_colours[index], thickness, brush)
            )
        return strokes

    def _paths(self, x: Array, y: Array, length: float) -> tuple[Array, tuple[_Count, _Count]]:
        """Return centre lines (points, n, 2) through ``x`` and ``y`` (n,), and their valid ends.

        A stroke ends where the region that it paints ends, which keeps the edges sharp.
        """
        steps = max(2, round(length / 2 / _STEP))
        start_region = self._motif.region(x, y)
        ahead, inside_ahead = self._walk(x, y, start_region, steps, 1.0)
        behind, inside_behind = self._walk(x, y, start_region, steps, -1.0)
        points = np.concatenate([behind[::-1], np.stack([x, y], axis=1)[None], ahead])
        return points, (steps - inside_behind, steps + 1 + inside_ahead)

    def _walk(
        self, x: Array, y: Array, start_region: _Count, steps: int, direction: float
    ) -> tuple[Array, _Count]:
        """Return ``steps`` points along the stream, and how many are in ``start_region``."""
        points, inside = [], np.zeros(len(x), dtype=np.int64)
        alive = np.ones(len(x), dtype=bool)
        for _ in range(steps):
            angle = self._motif.angle(x, y)
            x, y = x + direction * _STEP * np.cos(angle), y + direction * _STEP * np.sin(angle)
            alive &= self._motif.region(x, y) == start_region
            inside += alive
            points.append(np.stack([x, y], axis=1))
        return np.stack(points), inside

    def _colours(self, rng: np.random.Generator, layer: _Layer, x: Array, y: Array) -> Array:
        """Return a colour (n, 3) per stroke: the motif's with random changes and some accents."""
        paint = self._motif.colour(x, y)
        light = rng.normal(0.0, layer.colour_deviation, (len(x), 1))
        hue = rng.normal(0.0, 0.6 * layer.colour_deviation, (len(x), 3))
        accent = rng.uniform(size=len(x)) < 0.05
        accents = np.array(
            [[0.93, 0.56, 0.20], [0.30, 0.62, 0.62], [0.72, 0.26, 0.16], [0.80, 0.83, 0.62]]
        )
        chosen = accents[rng.integers(len(accents), size=len(x))]
        accent &= self._motif.region(x, y) != CYPRESS
        paint = np.where(accent[:, None], 0.45 * paint + 0.55 * chosen, paint)
        broken: Array = np.clip(paint + light + hue, 0.02, 1.0)
        return broken


def _resampled(path: Array, scale: float, size: float) -> Array:
    """Return ``path`` (n, 2) shortened by ``size``, in pixels, with less than a pixel per step."""
    keep = max(3, round(len(path) * min(1.0, size)))
    path = path[:keep] * scale
    count = max(4, int(1.5 * _STEP * scale * keep))
    at = np.linspace(0.0, keep - 1.0, count)
    known = np.arange(keep)
    return np.stack([np.interp(at, known, path[:, axis]) for axis in range(2)], axis=1)
