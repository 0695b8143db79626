"""The cabin in the demo landscape: walls of planks, a roof of shingles, lit windows."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from nst_core.demo._noise import Array, colour
from nst_core.demo._sky import SKYLIGHT, SUNLIGHT
from nst_core.demo._terrain import SUN
from nst_core.demo._view import View

POSITION = (47.0, 147.0)
"""The position of the cabin: metres to the right and metres away."""

_Point: TypeAlias = tuple[float, float, float]
_Quad: TypeAlias = tuple[_Point, _Point, _Point, _Point]

_ANGLE = 0.62
_TIMBER, _SHINGLE = colour(0.30, 0.15, 0.075), colour(0.34, 0.115, 0.07)
_LAMP, _STONE = colour(2.3, 1.05, 0.22), colour(0.30, 0.27, 0.25)

# Coordinates of the cabin in metres: along the ridge, across it, and up. Walls that face away from
# the viewer are left out. Pieces further behind come first.
_WALLS_AND_ROOF: tuple[tuple[_Quad, _Point, Array, int], ...] = (
    # corners, outward normal, colour, planks
    (((-6.2, -4.2, 0), (-6.2, 4.2, 0), (-6.2, 4.2, 4.2), (-6.2, -4.2, 4.2)),
     (-1, 0, 0), _TIMBER, 9),
    (((-6.2, -4.2, 4.2), (-6.2, 4.2, 4.2), (-6.2, 0, 8.6), (-6.2, 0, 8.6)),
     (-1, 0, 0), _TIMBER, 9),
    (((-6.2, -4.2, 0), (6.2, -4.2, 0), (6.2, -4.2, 4.2), (-6.2, -4.2, 4.2)),
     (0, -1, 0), _TIMBER, 9),
    (((-6.9, -4.9, 3.47), (6.9, -4.9, 3.47), (6.9, 0, 8.7), (-6.9, 0, 8.7)),
     (0, -0.72, 0.69), _SHINGLE, 13),
    (((2.2, -1.4, 6.0), (3.6, -1.4, 6.0), (3.6, -1.4, 10.0), (2.2, -1.4, 10.0)),
     (0, -1, 0), _STONE, 6),
    (((2.2, -1.4, 6.0), (2.2, 0, 6.0), (2.2, 0, 10.0), (2.2, -1.4, 10.0)),
     (-1, 0, 0), _STONE, 6),
)  # fmt: skip
_WINDOWS: tuple[_Quad, ...] = (
    ((-4.2, -4.2, 1.5), (-2.7, -4.2, 1.5), (-2.7, -4.2, 3.1), (-4.2, -4.2, 3.1)),
    ((-0.9, -4.2, 1.5), (0.6, -4.2, 1.5), (0.6, -4.2, 3.1), (-0.9, -4.2, 3.1)),
    ((2.6, -4.2, 1.5), (4.1, -4.2, 1.5), (4.1, -4.2, 3.1), (2.6, -4.2, 3.1)),
    ((-6.2, -0.9, 1.4), (-6.2, 0.9, 1.4), (-6.2, 0.9, 3.2), (-6.2, -0.9, 3.2)),
)


def paint(view: View, picture: Array, ground: float) -> None:
    """Paint the cabin over ``picture``, in place; ``ground`` is the height of its floor."""
    rng = np.random.default_rng(3)
    brush = _Painter(view, picture, ground)
    for corners, normal, tint, count in _WALLS_AND_ROOF:
        brush.paint_planks(rng, corners, normal, tint, count)
    for corners in _WINDOWS:
        brush.paint_window(corners)


class _Painter:
    """Paints polygons given in the coordinates of the cabin: along, across and up in metres."""

    def __init__(self, view: View, picture: Array, ground: float) -> None:
        self._view, self._picture, self._ground = view, picture, ground
        self._cos, self._sin = float(np.cos(_ANGLE)), float(np.sin(_ANGLE))

    def paint_planks(
        self,
        rng: np.random.Generator,
        corners: _Quad,
        normal: _Point,
        tint: Array,
        count: int,
    ) -> None:
        """Paint a quadrilateral as ``count`` planks, from its first edge to its third."""
        low_left, low_right, high_right, high_left = (np.array(one, float) for one in corners)
        x, y = self._rotated(normal[0], normal[1])
        facing = max(0.0, float(np.dot(SUN, (x, y, normal[2]))))
        lit = tint * (facing * SUNLIGHT + 0.8 * SKYLIGHT + 0.06)
        for index in range(count):
            low, high = index / count, (index + 1) / count
            piece = [
                low_left + low * (high_left - low_left),
                low_right + low * (high_right - low_right),
                low_right + high * (high_right - low_right),
                low_left + high * (high_left - low_left),
            ]
            self._fill(piece, lit * rng.uniform(0.72, 1.22))

    def paint_window(self, corners: _Quad) -> None:
        """Paint a lit window."""
        self._fill([np.array(one, float) for one in corners], _LAMP)

    def _rotated(self, along: float, across: float) -> tuple[float, float]:
        return self._cos * along - self._sin * across, self._sin * along + self._cos * across

    def _fill(self, corners: list[Array], light: Array) -> None:
        points = []
        for along, across, up in corners:
            x, y = self._rotated(float(along), float(across))
            points.append(
                self._view.project(POSITION[0] + x, POSITION[1] + y, self._ground + float(up))
            )
        mask = Image.new("1", (self._view.width, self._view.height))
        ImageDraw.Draw(mask).polygon(points, fill=1)
        self._picture[np.asarray(mask)] = light
