"""The subject of the demo painting: the colour and the direction of strokes at each point.

The canvas is 600 wide and 400 high, whatever the size of the picture; ``x`` is to the right and
``y`` is down. Colours are sRGB values in 0...1, not linear light.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nst_core.demo._noise import Array, Noise, colour, mix, smoothstep
from nst_core.demo._palette import (
    CYPRESS_COLOURS,
    DISC_COLOURS,
    FIELD_COLOURS,
    HILL_COLOURS,
    SKY_COLOURS,
    ramp,
)

WIDE, HIGH = 600.0, 400.0
SKY, HILLS, FIELD, CYPRESS = range(4)

_DISCS = (
    # x, y, radius
    (428.0, 104.0, 35.0),
    (222.0, 58.0, 15.0),
    (548.0, 52.0, 13.0),
    (192.0, 166.0, 11.0),
    (322.0, 30.0, 9.0),
    (44.0, 50.0, 14.0),
)
_EDDIES = (
    # x, y, radius, turn in radians at the middle
    (305.0, 122.0, 62.0, 4.6),
    (238.0, 150.0, 34.0, -3.6),
    (530.0, 150.0, 46.0, -4.0),
    (140.0, 92.0, 40.0, 3.2),
)
_CYPRESSES = (
    # x, top, foot, half width
    (90.0, 30.0, 430.0, 40.0),
    (147.0, 178.0, 425.0, 22.0),
    (36.0, 232.0, 430.0, 19.0),
    (486.0, 224.0, 297.0, 8.5),
    (503.0, 240.0, 296.0, 6.5),
    (462.0, 250.0, 298.0, 5.5),
)


class Motif:
    """A swirling evening sky with luminous discs over hills, a grain field and cypresses."""

    def __init__(self) -> None:
        self._noise = Noise(77)

    def region(self, x: Array, y: Array) -> npt.NDArray[np.int64]:
        """Return for each point one of ``SKY``, ``HILLS``, ``FIELD`` and ``CYPRESS``."""
        place = np.where(y > _hill(x, 0), HILLS, SKY)
        place = np.where(y > _field(x), FIELD, place)
        flame: npt.NDArray[np.int64] = np.where(self._inside_cypress(x, y) > 0.0, CYPRESS, place)
        return flame

    def angle(self, x: Array, y: Array) -> Array:
        """Return the direction of strokes in radians: along the level lines of ``_stream``."""
        place = self.region(x, y)
        right = self._stream(x + 0.5, y, place) - self._stream(x - 0.5, y, place)
        down = self._stream(x, y + 0.5, place) - self._stream(x, y - 0.5, place)
        angle: Array = np.arctan2(-right, down)
        return angle

    def colour(self, x: Array, y: Array) -> Array:
        """Return the colour at each point, (..., 3)."""
        place = self.region(x, y)
        level = self._stream(x, y, place)
        rough = self._noise.fractal(x / 26.0, y / 26.0, 3)
        painted = self._sky(x, y, level, rough)
        painted = np.where((place == HILLS)[..., None], self._hills(x, y, level, rough), painted)
        painted = np.where((place == FIELD)[..., None], self._grain_field(y, level, rough), painted)
        flame = ramp(CYPRESS_COLOURS, 0.40 + 0.40 * np.sin(level / 3.6) + 0.60 * rough)
        return np.where((place == CYPRESS)[..., None], flame, painted)

    def detail(self, x: Array, y: Array) -> Array:
        """Return where small strokes are needed, 0...1: at discs, at cypresses and in the field."""
        place = self.region(x, y)
        wanted = np.where(place == CYPRESS, 0.9, np.where(place == FIELD, 0.6, 0.35))
        for centre_x, centre_y, radius in _DISCS:
            near = np.exp(-((np.hypot(x - centre_x, y - centre_y) / (1.8 * radius)) ** 2))
            wanted = np.maximum(wanted, near)
        return wanted

    def _stream(self, x: Array, y: Array, place: npt.NDArray[np.int64]) -> Array:
        """Return the stream function; strokes and bands of colour follow its level lines."""
        level = np.where(place == HILLS, self._hill_stream(x, y), self._sky_stream(x, y))
        level = np.where(place == FIELD, self._field_stream(x, y), level)
        return np.where(place == CYPRESS, self._flame_stream(x, y), level)

    def _sky_stream(self, x: Array, y: Array) -> Array:
        turned_x, turned_y = x, y
        for centre_x, centre_y, radius, turn in _EDDIES:
            # Rotating the plane, most at the centre of an eddy, bends the bands into a spiral.
            dx, dy = turned_x - centre_x, turned_y - centre_y
            angle = turn * np.exp(-((np.hypot(dx, 1.15 * dy) / radius) ** 2))
            turned_x = centre_x + np.cos(angle) * dx - np.sin(angle) * dy
            turned_y = centre_y + np.sin(angle) * dx + np.cos(angle) * dy
        rough = self._noise.fractal(turned_x / 170.0, turned_y / 110.0, 2)
        wind: Array = turned_y + 15.0 * np.sin(turned_x / 66.0 + 0.6) + 42.0 * rough
        for centre_x, centre_y, radius in _DISCS:
            away = np.hypot(x - centre_x, y - centre_y)
            weight = np.exp(-((away / (2.6 * radius)) ** 4))
            wind = wind + weight * (1.3 * away - wind)
        return wind

    def _hill_stream(self, x: Array, y: Array) -> Array:
        level = y - _hill(x, 0)
        for index in (1, 2):
            level = np.where(y > _hill(x, index), y - _hill(x, index), level)
        along: Array = (
            level * 1.2 + 0.25 * x * np.sin(x / 130.0) + 9.0 * self._noise(x / 40.0, y / 22.0)
        )
        return along

    def _field_stream(self, x: Array, y: Array) -> Array:
        bend = 14.0 * self._noise.fractal(x / 110.0, y / 70.0, 2)
        across = (x + bend - 372.0 + 0.2 * (y - 290.0)) / (y - 228.0)
        level: Array = 34.0 * across
        return level

    def _flame_stream(self, x: Array, y: Array) -> Array:
        level: Array = (
            x + 7.0 * np.sin(y / 17.0 + x / 30.0) + 10.0 * self._noise(x / 22.0, y / 38.0)
        )
        return level

    def _inside_cypress(self, x: Array, y: Array) -> Array:
        """Return a positive number inside the cypresses."""
        inside = np.full_like(x, -1.0)
        tongues = self._noise.fractal(x / 26.0, y / 34.0, 3)
        for middle, top, foot, half in _CYPRESSES:
            down = np.clip((y - top) / (foot - top), 0.0, 1.0)
            sway = half * (0.16 * np.sin(9.0 * down + middle) + 0.55 * tongues)
            body = half * down**0.66 * (1.0 - 0.5 * down**3) * (y < foot)
            inside = np.maximum(inside, body - np.abs(x - middle + sway) - 0.5)
        return inside

    def _sky(self, x: Array, y: Array, level: Array, rough: Array) -> Array:
        tone = 0.38 + 0.30 * np.sin(level / 8.5) + 0.42 * rough + 0.16 * smoothstep(120.0, 240.0, y)
        painted = ramp(SKY_COLOURS, tone)
        # The sky is warm just above the hills.
        low = smoothstep(52.0, 4.0, _hill(x, 0) - y) * (0.5 + 0.5 * np.sin(level / 6.0 + 1.0))
        painted = mix(painted, colour(0.96, 0.66, 0.36), 0.75 * low)
        for centre_x, centre_y, radius in _DISCS:
            away = np.hypot(x - centre_x, y - centre_y) / radius
            rings = 0.17 * np.sin(away * 8.0) * smoothstep(0.3, 1.0, away)
            glow = ramp(DISC_COLOURS, away / 2.1 - 0.12 + 0.16 * rough + rings)
            halo = smoothstep(2.7, 1.15, away + 0.5 * rough + 0.42 * np.sin(away * 8.0 + 0.6))
            painted = mix(painted, glow, smoothstep(0.25, 0.7, halo))
        return painted

    def _hills(self, x: Array, y: Array, level: Array, rough: Array) -> Array:
        nearness = 0.04 + 0.20 * (y > _hill(x, 1)) + 0.20 * (y > _hill(x, 2))
        sunny = np.zeros_like(x)
        for index in range(3):
            below = y - _hill(x, index)
            sunny = np.where(below > 0.0, np.exp(-below / 7.0), sunny)
        tone = nearness + 0.30 * sunny + 0.22 * np.sin(level / 4.2) + 0.40 * rough
        return ramp(HILL_COLOURS, tone)

    def _grain_field(self, y: Array, level: Array, rough: Array) -> Array:
        painted = ramp(FIELD_COLOURS, 0.56 + 0.34 * np.sin(level / 3.1) + 0.40 * rough)
        furrow = smoothstep(0.55, 0.95, np.sin(level / 6.2 + 1.2)) * smoothstep(285.0, 330.0, y)
        green = ramp(HILL_COLOURS, 0.55 + 0.5 * rough)
        painted = mix(painted, green, 0.80 * furrow)
        return mix(
            painted, colour(0.42, 0.16, 0.20), 0.45 * smoothstep(370.0, 415.0, y - 20 * rough)
        )


def _hill(x: Array, index: int) -> Array:
    """Return the skyline of the farthest (0), the middle (1) or the nearest (2) hills."""
    skyline: Array
    if index == 0:
        skyline = 232.0 - 26.0 * np.exp(-(((x - 285.0) / 80.0) ** 2)) + 12.0 * np.sin(x / 48.0)
    elif index == 1:
        skyline = 250.0 + 13.0 * np.sin(x / 62.0 + 2.2) - 0.02 * x
    else:
        skyline = 270.0 + 9.0 * np.sin(x / 84.0 + 0.4) + 0.015 * x
    return skyline


def _field(x: Array) -> Array:
    """Return where the grain field begins."""
    edge: Array = 290.0 + 7.0 * np.sin(x / 95.0 + 3.4) - 0.025 * x
    return edge
