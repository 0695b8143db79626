"""A content: gabled houses at a harbour, their reflections, and two boats."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nst_core.demo._noise import Array, Noise, colour, mix, smoothstep
from nst_core.demo.gallery._surface import picture, plane

_WATER = 0.66
_HOUSES = (
    # left, right, eaves, ridge, wall
    (-0.02, 0.15, 0.34, 0.22, (0.80, 0.66, 0.46)),
    (0.15, 0.29, 0.30, 0.17, (0.70, 0.36, 0.28)),
    (0.29, 0.46, 0.37, 0.25, (0.86, 0.82, 0.72)),
    (0.46, 0.57, 0.27, 0.13, (0.45, 0.55, 0.60)),
    (0.57, 0.75, 0.34, 0.22, (0.84, 0.60, 0.38)),
    (0.75, 0.87, 0.39, 0.28, (0.62, 0.64, 0.50)),
    (0.87, 1.02, 0.31, 0.19, (0.78, 0.45, 0.40)),
    (1.02, 1.14, 0.42, 0.32, (0.88, 0.76, 0.58)),
)
_BOATS = (
    # middle, waterline, length, mast, hull
    (0.36, 0.80, 0.26, 0.36, (0.16, 0.28, 0.42)),
    (1.20, 0.74, 0.17, 0.25, (0.60, 0.18, 0.14)),
)


def render(width: int, height: int) -> Image.Image:
    """Return the picture."""
    x, y = plane(width, height)
    noise = Noise(301)
    ripple = noise.fractal(x * 9, (y - _WATER) * 60 / (0.25 + y - _WATER).clip(0.1), 3)
    depth = (y - _WATER).clip(0)
    above_y = np.where(y > _WATER, 2 * _WATER - y * 1.0 + 0.012 * ripple, y)
    above_x = np.where(y > _WATER, x + (0.006 + 0.05 * depth) * ripple, x)
    painted = _town(above_x, above_y, noise)
    water = mix(painted * 0.74, colour(0.16, 0.27, 0.34), 0.18 + 0.9 * depth)
    water = water + (0.16 * smoothstep(0.35, 0.8, ripple) * smoothstep(0, 0.1, depth))[..., None]
    painted = np.where((y > _WATER)[..., None], water, painted)
    for boat in _BOATS:
        painted = _with_boat(painted, x, y, *boat, ripple=ripple, noise=noise)
    return picture(painted)


def _sky(x: Array, y: Array, noise: Noise) -> Array:
    painted = mix(
        colour(0.40, 0.60, 0.82) + 0 * x[..., None], colour(0.93, 0.88, 0.80), (y / 0.6).clip(0, 1)
    )
    cloud = noise.fractal(x * 2.6 + 3, y * 6.5, 5) + 0.1
    lit = noise.fractal(x * 2.6 + 2.96, y * 6.5 - 0.09, 5) + 0.1
    white = mix(
        colour(0.72, 0.74, 0.80) + 0 * x[..., None],
        colour(1.0, 0.97, 0.92),
        smoothstep(-0.10, 0.12, cloud - lit + 0.05),
    )
    return mix(painted, white, 0.9 * smoothstep(0.02, 0.32, cloud))


def _town(x: Array, y: Array, noise: Noise) -> Array:
    painted = _sky(x, y, noise)
    hill = 0.50 - 0.13 * smoothstep(0.75, 1.5, x) + 0.02 * noise.fractal(x * 4, 0 * x, 3)
    trees = noise.fractal(x * 40, y * 40, 3)
    green = mix(
        colour(0.27, 0.38, 0.30) + 0 * x[..., None], colour(0.52, 0.58, 0.40), 0.5 + 0.7 * trees
    )
    painted = mix(painted, mix(green, colour(0.72, 0.78, 0.84), 0.25 + 0 * x),
                  smoothstep(0.0, 0.004, y - hill + 0.012 * trees))  # fmt: skip
    for number, house in enumerate(_HOUSES):
        painted = _with_house(painted, x, y, number, *house, noise=noise)
    stone = colour(0.50, 0.47, 0.43) * (0.85 + 0.3 * noise.fractal(x * 60, y * 90, 3))[..., None]
    joint = np.minimum(
        np.abs((y * 60) % 1 - 0.5), np.abs((x * 22 + np.floor(y * 60) / 2) % 1 - 0.5)
    )
    stone = stone * (0.72 + 0.28 * smoothstep(0.0, 0.09, 0.5 - np.abs(joint - 0.5)))[..., None]
    return mix(painted, stone, smoothstep(0.0, 0.003, y - 0.612))


def _with_house(
    painted: Array, x: Array, y: Array, number: int, left: float, right: float, eaves: float,
    ridge: float, wall: tuple[float, float, float], *, noise: Noise,
) -> Array:  # fmt: skip
    middle, half = (left + right) / 2, (right - left) / 2
    across = (x - middle) / half
    gable = eaves - (eaves - ridge) * (1 - np.abs(across)).clip(0, 1)
    inside = smoothstep(0.003, 0.0, np.abs(x - middle) - half) * smoothstep(0.0, 0.003, y - gable)
    plaster = 0.90 + 0.12 * noise.fractal(x * 25 + number, y * 25, 4)
    light = 1.05 - 0.22 * smoothstep(-1, 1, across) - 0.20 * smoothstep(0.45, 0.62, y)
    facade = colour(*wall) * (plaster * light)[..., None]
    columns = max(2, round(half * 2 / 0.045))
    u = (across / 2 + 0.5) * columns
    v = (y - eaves - 0.012) / 0.062
    pane_u, pane_v = np.abs(u % 1 - 0.5), np.abs(v % 1 - 0.5)
    inside_rows = (v > 0) & (y < 0.565)
    frame = (pane_u < 0.30) & (pane_v < 0.36) & inside_rows
    glass = (pane_u < 0.24) & (pane_v < 0.31) & inside_rows & (pane_u > 0.02) & (pane_v > 0.02)
    sheen = 0.5 + 0.5 * np.sin(np.floor(u) * 12.9 + np.floor(v) * 78.2 + number)
    facade = np.where(frame[..., None], colour(0.93, 0.91, 0.86) * light[..., None], facade)
    pane = mix(colour(0.13, 0.18, 0.24) + 0 * x[..., None], colour(0.55, 0.66, 0.76),
               0.6 * sheen * smoothstep(0.5, -0.4, v % 1 - 0.5 + (u % 1 - 0.5)))  # fmt: skip
    facade = np.where(glass[..., None], pane, facade)
    door = (np.abs(x - middle - half * 0.45) < 0.014) & (y > 0.565)
    facade = np.where(door[..., None], colour(0.24, 0.17, 0.14), facade)
    shadow = smoothstep(0.022, 0.0, y - gable) * 0.55
    facade = facade * (1 - shadow)[..., None]
    painted = mix(painted, facade, inside)
    return _with_roof(painted, x, y, across, gable, noise)


def _with_roof(
    painted: Array, x: Array, y: Array, across: Array, gable: Array, noise: Noise,
) -> Array:  # fmt: skip
    edge = np.abs(y - gable)
    thick = smoothstep(0.013, 0.010, edge) * smoothstep(1.10, 1.06, np.abs(across))
    tiles = 0.8 + 0.2 * np.sin((x + y) * 420) + 0.3 * noise.fractal(x * 40, y * 40, 2)
    side = np.where(across < 0, 1.1, 0.72)
    roof = colour(0.50, 0.25, 0.19) * (tiles * side)[..., None]
    return mix(painted, roof, thick)


def _with_boat(
    painted: Array, x: Array, y: Array, middle: float, line: float, length: float, mast: float,
    hull: tuple[float, float, float], *, ripple: Array, noise: Noise,
) -> Array:  # fmt: skip
    for reflected in (True, False):
        yy: Array = 2 * line - y if reflected else y
        xx: Array = x + 0.008 * ripple if reflected else x
        along = (xx - middle) / (length / 2)
        deck = line - length * (0.14 + 0.10 * along**2)
        bottom = line - length * 0.02 + length * 0.02 * along**2
        taper = smoothstep(0.0, 0.004, 1 - np.abs(along) - 0.12 * (yy - deck) / length * 4)
        body = smoothstep(0, 0.003, yy - deck) * smoothstep(0, 0.003, bottom - yy) * taper
        shade = (1.25 - 0.5 * smoothstep(-1, 1, along) - 1.5 * (yy - deck) / length)[..., None]
        wood = colour(*hull) * shade * (0.95 + 0.1 * noise(12 * xx, 260 * yy))[..., None]
        rim = np.abs(yy - deck - 0.006) < 0.005
        wood = np.where(rim[..., None], colour(0.92, 0.88, 0.78), wood)
        cloth_left = along * 0.5 + 0.06
        top = line - mast
        sail_width = 0.36 * ((yy - top) / (mast - 0.2 * length)).clip(0, 1)
        sail = smoothstep(0, 0.01, cloth_left) * smoothstep(0, 0.01, sail_width - cloth_left)
        sail = sail * smoothstep(0, 0.004, yy - top) * smoothstep(0, 0.004, deck - 0.02 - yy)
        cloth = colour(0.95, 0.91, 0.82) * (
            0.80 + 0.5 * cloth_left + 0.05 * np.sin(yy * 160 + along * 6)
        )[..., None]  # fmt: skip
        pole = smoothstep(0.0035, 0.0015, np.abs(xx - middle + 0.075 * length)) * (
            (yy > top - 0.01) & (yy < deck + 0.01)
        )
        strength = 0.5 * smoothstep(line + 0.24, line, y) * (y > line) if reflected else 1 + 0 * x
        dim = 0.75 if reflected else 1.0
        painted = mix(painted, cloth * dim, sail * strength)
        painted = mix(painted, colour(0.30, 0.22, 0.16) * dim + 0 * x[..., None], pole * strength)
        painted = mix(painted, wood * dim, body * strength)
    return painted
