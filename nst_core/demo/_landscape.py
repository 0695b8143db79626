"""The whole demo landscape: sky, terrain, forest, and the lake with its reflections."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nst_core.demo import _cabin, _ground, _planting, _sky
from nst_core.demo._firs import Forest, Tree
from nst_core.demo._noise import Array, Noise, colour, mix, smoothstep
from nst_core.demo._terrain import Terrain
from nst_core.demo._view import EYE_HEIGHT, View

_WATER = colour(0.030, 0.085, 0.115)
_SPIT = 150.0


class Landscape:
    """The scene, which can be rendered at any size."""

    def __init__(self) -> None:
        self._terrain = Terrain()
        self._noise = Noise(5)
        self._forest = Forest(_planting.KINDS)
        self._woods, self._near = _planting.trees(self._terrain, self._noise)
        self._floor = _planting.cabin_floor(self._terrain)

    def render(self, width: int, height: int) -> Image.Image:
        """Return the picture; it is rendered 1.5 times as large and scaled down."""
        view = View(width * 3 // 2, height * 3 // 2)
        picture, distance = self._land(view, 20.0)
        self._paint_trees(view, picture, distance, self._woods)
        self._paint_lake(view, picture, distance)
        far = [tree for tree in self._near if tree.y > 120.0]
        _planting.grass(view, self._terrain, picture, 16_000, (124.0, 176.0))
        self._paint_trees(view, picture, distance, far)
        _cabin.paint(view, picture, self._floor)
        _planting.grass(view, self._terrain, picture, 26_000, (24.0, 112.0))
        _planting.flowers(view, self._terrain, picture, 5_000)
        self._paint_trees(view, picture, distance, [one for one in self._near if one.y <= 120.0])
        return tone_mapped(picture).resize((width, height), Image.Resampling.LANCZOS)

    def _paint_trees(self, view: View, picture: Array, distance: Array, trees: list[Tree]) -> None:
        self._forest.plant(view, picture, distance, trees)

    def _land(self, view: View, start: float) -> tuple[Array, Array]:
        """Return sky and bare ground (height, width, 3), and the distance that each pixel shows."""
        distance = view.distances(self._heights, start)
        sideways, upward = np.meshgrid(*view.rays())
        picture = _sky.cloudy_sky(self._noise, sideways, upward)
        seen = np.isfinite(distance)
        y = distance[seen]
        x = sideways[seen] * y
        lit = _ground.light(self._terrain, self._noise, x, y, 1.0 / view.focal)
        picture[seen] = _sky.with_haze(lit, sideways[seen], y, self._terrain.height(x, y))
        return picture, distance

    def _heights(self, x: Array, y: Array) -> Array:
        return np.maximum(self._terrain.height(x, y), 0.0)

    def _reflection(self, view: View) -> Array:
        """Return the reflection in the lake: the view of a camera below the lake.

        That view is upside down. Water in front of the spit reflects the spit; water beyond it
        reflects the far shore only.
        """
        # Half the resolution is enough, because the waves blur the reflection.
        below = View(view.width // 2, view.height // 2, -view.eye)
        whole, distance = self._land(below, 112.0)
        beyond, far_distance = self._land(below, _SPIT + 40.0)
        self._paint_trees(below, beyond, far_distance, self._woods)
        self._paint_trees(below, whole, distance, self._woods)
        self._paint_trees(below, whole, distance, [one for one in self._near if one.y > 120.0])
        _cabin.paint(below, whole, self._floor)
        before = below.rays()[1] > EYE_HEIGHT / _SPIT
        return np.where(before[:, None, None], whole, beyond)

    def _paint_lake(self, view: View, picture: Array, distance: Array) -> None:
        """Paint the lake over ``picture``, in place."""
        sideways, upward = np.meshgrid(*view.rays())
        flat = EYE_HEIGHT / np.maximum(-upward, 1e-6)
        lake = (upward < 0.0) & (distance > 0.999 * flat)
        lake &= self._terrain.height(sideways * flat, flat) <= 0.0
        y = flat[lake]
        x = sideways[lake] * y
        row, column = np.nonzero(lake)
        tilt_x, tilt_y = self._wave_slopes(x, y)
        source = 2.0 * view.horizon - row - 0.5 - view.focal * tilt_y
        shifted = column + 0.5 + view.focal * tilt_x
        light = _sampled(self._reflection(view), 0.5 * source - 0.5, 0.5 * shifted - 0.5)
        grazing = np.clip(-upward[lake] + 1.4 * tilt_y, 0.0, 1.0)
        mirroring = 0.10 + 0.84 * np.exp(-grazing * 5.5)
        water = mix(np.broadcast_to(_WATER, light.shape), light, mirroring)
        picture[lake] = _sky.with_haze(water, sideways[lake], y, 0.0 * y)

    def _wave_slopes(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return by how much the waves turn the reflected rays aside and up, as tangents."""
        calm = 0.25 + 0.75 * smoothstep(-0.15, 0.35, self._noise.fractal(x / 160.0, y / 60.0, 3))
        coarse = self._noise.fractal(x / 5.5, y / 2.4, 3)
        fine = self._noise.fractal(x / 1.5 + 7.0, y / 0.7, 2)
        strength = calm * np.clip(110.0 / y, 0.15, 1.2)
        return 0.004 * strength * coarse, strength * (0.028 * coarse + 0.016 * fine)


def _sampled(picture: Array, row: Array, column: Array) -> Array:
    """Return ``picture`` (height, width, 3) at fractional rows and columns, (n, 3)."""
    height, width = picture.shape[:2]
    row = np.clip(row, 0.0, height - 1.001)
    column = np.clip(column, 0.0, width - 1.001)
    low, left = row.astype(np.int32), column.astype(np.int32)
    upper = mix(picture[low, left], picture[low, left + 1], column - left)
    lower = mix(picture[low + 1, left], picture[low + 1, left + 1], column - left)
    return mix(upper, lower, row - low)


def tone_mapped(light: Array) -> Image.Image:
    """Return a picture of linear ``light`` (height, width, 3), with compressed highlights."""
    exposed = 0.80 * light
    # A filmic tone curve (of Hable's form, fitted by Narkowicz): dark shadows, soft highlights.
    curve = exposed * (2.51 * exposed + 0.03) / (exposed * (2.43 * exposed + 0.59) + 0.14)
    tone = np.clip(curve, 0.0, 1.0) ** (1 / 2.2)
    # White and black are set a little inside the ends of the curve.
    tone = np.clip((tone - 0.045) / 0.925, 0.0, 1.0)
    return Image.fromarray(np.rint(tone * 255.0).astype(np.uint8))
