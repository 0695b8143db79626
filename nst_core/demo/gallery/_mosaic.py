"""A style: a mosaic of glass and stone, a sun over the sea and a fish."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nst_core.demo._noise import Array, Noise, colour, mix, smoothstep
from nst_core.demo.gallery._surface import picture, plane

_GROUT = colour(0.28, 0.25, 0.22)
_TILE = 0.0235
_SUN = (1.02, 0.27)
_GOLD, _CREAM = colour(0.93, 0.70, 0.22), colour(0.95, 0.90, 0.78)


def render(width: int, height: int) -> Image.Image:
    """Return the picture."""
    x, y = plane(width, height)
    noise = Noise(314)
    # The tiles follow, in rows, the shape that they fill.
    across, along, part = _courses(x, y)
    row = np.floor(across)
    shifted = along + 0.5 * (row % 2) + 0.37 * np.sin(row * 12.9 + part * 5)
    cell = np.floor(shifted + 0.16 * np.sin(row * 7.1 + np.floor(shifted) * 3.3))
    split = shifted + 0.16 * np.sin(row * 7.1 + np.floor(shifted) * 3.3) - cell
    gap = np.minimum(
        np.minimum(across - row, 1 - across + row), np.minimum(split, 1 - split) * 1.05
    )
    chipped = gap + 0.035 * noise.fractal(x * 120, y * 120, 2)
    chance = _chance(row, cell, part)
    edge = _boundary(part)
    tile = _colours(row, cell, part, x, y, chance)
    stain = 1 + 0.10 * noise.fractal(x * 50, y * 50, 3)
    bevel = 0.16 * smoothstep(0.22, 0.07, across - row) - 0.20 * smoothstep(
        0.22, 0.07, 1 - across + row
    )
    bevel = bevel + 0.10 * smoothstep(0.22, 0.07, split) - 0.10 * smoothstep(0.22, 0.07, 1 - split)
    tilt = 0.86 + 0.28 * _chance(row, cell, part + 31)
    glint = smoothstep(0.93, 1.0, _chance(row, cell, part + 57)) * smoothstep(0.2, 0.5, gap)
    lit = tile * (stain * (tilt + bevel))[..., None] + (0.20 * glint)[..., None]
    sand = _GROUT * (1 + 0.4 * noise.fractal(x * 160, y * 160, 2))[..., None]
    cover = smoothstep(0.065, 0.115, chipped) * (1 - edge)
    return picture(mix(sand, lit, cover))


def _chance(row: Array, cell: Array, salt: Array) -> Array:
    """Return an even number 0...1 for each tile."""
    value = np.sin(row * 127.1 + cell * 311.7 + salt * 74.7) * 43758.5453
    fraction: Array = value - np.floor(value)
    return fraction


def _courses(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Return the position across and along the rows, in tiles, and the number of the shape."""
    away, turn = np.hypot(x - _SUN[0], y - _SUN[1]), np.arctan2(y - _SUN[1], x - _SUN[0])
    across = away / _TILE
    along = turn * np.maximum(np.round(np.floor(across) * 0.98 + 0.5), 1) * 1.0
    part = np.where(away < 0.155, 1.0, 0.0)
    swell = 0.56 + 0.030 * np.sin(x * 9.5) + 0.012 * np.sin(x * 23 + 1)
    sea = y > swell
    lift = 0.030 * np.sin(x * 9.5 - 4 * (y - 0.56)) + 0.012 * np.sin(x * 23 + 1)
    across = np.where(sea, (y - 0.56 - lift) / _TILE, across)
    along = np.where(sea, x / _TILE * 0.92, along)
    part = np.where(sea, 2.0, part)
    u, v = (x - 0.52) / 0.34, (y - 0.775) / 0.135
    body = (np.abs(v) < (1 - u**2).clip(0) ** 0.75) & (np.abs(u) < 1)
    fan = (
        (u > 0.80)
        & (u < 1.42)
        & (np.abs(v) < 0.20 + 1.25 * (u - 0.80))
        & (np.abs(v) > 1.7 * (u - 1.16))
    )
    scale_x, scale_y = (x - 0.20) / (_TILE * 1.15), (y - 0.775) / (_TILE * 1.15)
    bow = np.hypot(scale_x, scale_y * 1.0)
    around = np.arctan2(scale_y, scale_x)
    across = np.where(body, bow, across)
    along = np.where(body, around * np.maximum(np.floor(bow), 1) * 0.95, along)
    across = np.where(fan & ~body, np.hypot(u - 0.7, v * 0.5) * 13, across)
    along = np.where(fan & ~body, np.arctan2(v * 0.5, u - 0.7) * 11, along)
    part = np.where(fan, 4.0, part)
    part = np.where(body, 3.0, part)
    eye = np.hypot(x - 0.285, y - 0.750)
    across = np.where(eye < 0.040, eye / 0.0135, across)
    along = np.where(
        eye < 0.040,
        np.arctan2(y - 0.750, x - 0.285) * np.maximum(np.floor(eye / 0.0135), 0.5) * 0.95,
        along,
    )
    part = np.where(eye < 0.040, 5.0, part)
    border = (x < 0.052) | (x > 1.448) | (y < 0.052) | (y > 0.948)
    rim = np.minimum(np.minimum(x, 1.5 - x), np.minimum(y, 1 - y))
    sides = np.minimum(x, 1.5 - x) < np.minimum(y, 1 - y)
    across = np.where(border, rim / 0.026, across)
    along = np.where(border, np.where(sides, y, x) / 0.026, along)
    return across, along, np.where(border, 6.0, part)


def _boundary(part: Array) -> Array:
    edge = np.zeros_like(part, dtype=bool)
    for shift in ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0)):
        edge |= np.roll(part, shift, (0, 1)) != part
    return edge.astype(np.float32)


def _colours(row: Array, cell: Array, part: Array, x: Array, y: Array, chance: Array) -> Array:
    flat = 0 * x[..., None]
    rays = 0.5 + 0.5 * np.cos(np.arctan2(y - _SUN[1], x - _SUN[0]) * 14)
    distance = np.hypot(x - _SUN[0], y - _SUN[1])
    sky = mix(
        colour(0.80, 0.86, 0.84) + flat,
        colour(0.24, 0.50, 0.70),
        smoothstep(0.2, 1.0, distance + 0.25 * (chance - 0.5)),
    )
    sky = mix(
        sky,
        _GOLD + flat,
        smoothstep(0.62, 0.74, rays + 0.2 * (chance - 0.5)) * smoothstep(0.42, 0.30, distance),
    )
    sky = mix(sky, colour(0.93, 0.62, 0.44) + flat, 0.8 * ((row % 9) == 0))
    sun = mix(
        _GOLD + flat,
        colour(0.90, 0.40, 0.14),
        smoothstep(0.25, 0.9, (row % 3) / 2 + 0.3 * (chance - 0.5)),
    )
    sea = mix(
        colour(0.05, 0.28, 0.42) + flat,
        colour(0.16, 0.56, 0.58),
        (0.5 + 0.5 * np.sin(row * 1.3) + 0.5 * (chance - 0.5)).clip(0, 1),
    )
    sea = mix(sea, _CREAM + flat, 1.0 * ((row % 6) == 0) * (chance > 0.25))
    sea = mix(sea, colour(0.10, 0.14, 0.34) + flat, 0.8 * (chance > 0.88))
    fish = mix(
        colour(0.86, 0.26, 0.16) + flat,
        colour(0.96, 0.60, 0.20),
        smoothstep(0.3, 0.8, 0.5 + 0.5 * np.cos(row * np.pi / 2) + 0.3 * (chance - 0.5)),
    )
    fish = mix(fish, _CREAM + flat, smoothstep(0.815, 0.85, y + 0.03 * (chance - 0.5)))
    fan = mix(colour(0.72, 0.16, 0.14) + flat, _GOLD, (row % 2))
    eye = mix(colour(0.08, 0.08, 0.10) + flat, _CREAM, smoothstep(0.5, 1.5, row))
    frame = np.where(
        ((cell + row) % 2 == 0)[..., None],
        colour(0.15, 0.20, 0.34),
        mix(_CREAM + flat, colour(0.70, 0.34, 0.20), 1.0 * (chance > 0.6)),
    )
    kinds = [sky, sun, sea, fish, fan, eye, frame]
    painted: Array = np.select([(part == number)[..., None] for number in range(7)], kinds)
    return painted * (0.90 + 0.20 * chance)[..., None]
