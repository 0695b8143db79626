"""The terrain of the demo landscape: heights in metres above the lake, which is at height 0.

``x`` is to the right and ``y`` is away from the viewer, both in metres.
"""

from __future__ import annotations

import numpy as np

from nst_core.demo._noise import Array, Noise, smoothstep

# The direction to the sun: low, from the left and slightly from behind the scene.
SUN = np.array([-0.80, 0.17, 0.47], dtype=np.float32) / np.float32(0.943)

_NOISE = 11
_HILLS = (
    # x, y, half width, half depth, height
    (-760.0, 1250.0, 430.0, 420.0, 330.0),
    (-330.0, 1900.0, 330.0, 420.0, 170.0),
    (900.0, 1300.0, 430.0, 520.0, 300.0),
    (560.0, 2300.0, 520.0, 480.0, 260.0),
)
_PEAKS = (
    # x, y, radius, height
    (-620.0, 5200.0, 1750.0, 1150.0),
    (950.0, 6700.0, 2000.0, 1000.0),
    (-2900.0, 6900.0, 1900.0, 1000.0),
    (2700.0, 5200.0, 1500.0, 760.0),
)


class Terrain:
    """Heights, slopes and shadows."""

    def __init__(self) -> None:
        self._noise = Noise(_NOISE)
        self._shadow = _shadow_heights(self)

    def height(self, x: Array, y: Array) -> Array:
        """Return the height of the ground, negative under the lake; all arrays have one shape."""
        land = self.shore_distance(x, y)
        bank = 5.5 * (1.0 - np.exp(-np.maximum(land, 0.0) / 28.0)) + np.minimum(land, 0.0) * 0.1
        bumps = 0.9 * self._noise.fractal(x / 21.0, y / 21.0, 4)
        bank = bank + bumps * smoothstep(0.0, 12.0, land)
        inland = smoothstep(0.0, 260.0, land)
        height: Array = bank + inland * (self._hills(x, y) + self._mountains(x, y))
        return height

    def shore_distance(self, x: Array, y: Array) -> Array:
        """Return the approximate distance to the shore, positive on land, negative on the lake."""
        near = 60.0 + 40.0 * smoothstep(4.0, -52.0, x) + 5.0 * np.sin(x / 17.0) - y
        far = y - 600.0 - 0.1 * x
        left = -x - 128.0 - 0.2 * y
        right = x - 74.0 - 0.27 * y
        spit = 26.0 * (1.0 - np.hypot((x - 84.0) / 62.0, (y - 152.0) / 21.0))
        land = np.maximum.reduce([near, far, left, right, spit])
        coarse = 30.0 * self._noise.fractal(x / 130.0, y / 130.0, 3)
        fine = 3.0 * self._noise.fractal(x / 13.0 + 40.0, y / 13.0, 2)
        distance: Array = land + coarse * smoothstep(220.0, 420.0, y) + fine
        return distance

    def slope(self, x: Array, y: Array, step: Array) -> tuple[Array, Array]:
        """Return the slopes along x and along y, measured over ``step`` metres."""
        here = self.height(x, y)
        return (self.height(x + step, y) - here) / step, (self.height(x, y + step) - here) / step

    def sunlit(self, x: Array, y: Array, height: Array) -> Array:
        """Return 1 where the sun reaches the ground and 0 in shadow."""
        column = np.clip((x + _REACH) / _CELL, 0, _CELLS - 1).astype(np.int32)
        row = np.clip(y / _CELL, 0, _CELLS - 1).astype(np.int32)
        top = self._shadow[row, column]
        reached = smoothstep(-6.0, 14.0 + _CELL, height - top + 0.5 * _CELL)
        # Clouds cast shadows, too, but not on the near shores.
        cloud = self._noise.fractal(x / 620.0 + 2.0, y / 900.0 + 6.4, 3)
        shade = 0.72 * smoothstep(0.05, -0.22, cloud) * smoothstep(300.0, 700.0, y)
        return reached * (1.0 - shade)

    def _hills(self, x: Array, y: Array) -> Array:
        rough = 0.75 + 0.55 * self._noise.fractal(x / 330.0 + 9.0, y / 330.0, 6)
        total = np.zeros_like(x)
        for centre_x, centre_y, width, depth, top in _HILLS:
            square = ((x - centre_x) / width) ** 2 + ((y - centre_y) / depth) ** 2
            total = total + top * np.exp(-square)
        return total * rough

    def _mountains(self, x: Array, y: Array) -> Array:
        warp_x = x + 210.0 * self._noise.fractal(x / 900.0, y / 900.0 + 31.0, 2)
        warp_y = y + 210.0 * self._noise.fractal(x / 900.0 + 57.0, y / 900.0, 2)
        ridges = self._noise.ridged(warp_x / 1500.0 + 3.0, warp_y / 1500.0 + 8.0, 9, 0.47)
        peaks = np.zeros_like(x)
        for centre_x, centre_y, radius, top in _PEAKS:
            away = np.hypot(warp_x - centre_x, warp_y - centre_y) / radius
            peaks = np.maximum(peaks, top * np.maximum(0.0, 1.0 - away))
        rise = smoothstep(1500.0, 4600.0, y)
        height: Array = rise * (ridges * (420.0 + 0.75 * peaks) + peaks * 0.72)
        return height


_REACH, _CELL, _CELLS = 5200.0, 10.4, 1000


def _shadow_heights(terrain: Terrain) -> Array:
    """Return on a square grid the height below which other ground hides the sun."""
    axis = (np.arange(_CELLS, dtype=np.float32) + 0.5) * _CELL
    x, y = np.meshgrid(axis - _REACH, axis)
    heights = terrain.height(x, y)
    tops = np.full_like(heights, -1e6)
    along = SUN[:2] / np.hypot(SUN[0], SUN[1])
    rise = float(SUN[2] / np.hypot(SUN[0], SUN[1]))
    for step in np.geomspace(1.6, 150.0, 56):
        columns, rows = np.rint(step * along).astype(int)
        reach = float(np.hypot(columns, rows)) * _CELL
        source = _shifted(heights, int(rows), int(columns))
        tops = np.maximum(tops, source - reach * rise)
    return tops


def _shifted(grid: Array, rows: int, columns: int) -> Array:
    """Return ``grid`` shifted up by ``rows`` and left by ``columns``, with repeated edges."""
    size_y, size_x = grid.shape
    row = np.clip(np.arange(size_y) + rows, 0, size_y - 1)
    column = np.clip(np.arange(size_x) + columns, 0, size_x - 1)
    shifted: Array = grid[row[:, None], column[None, :]]
    return shifted
