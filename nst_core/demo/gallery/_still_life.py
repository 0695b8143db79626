"""A content: a bottle, a jug, a bowl and fruit on a table."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nst_core.demo._noise import Array, Noise, colour, mix, smoothstep
from nst_core.demo.gallery._solids import Solid, cast_shadow
from nst_core.demo.gallery._surface import picture, plane

_TABLE = 0.63
_BOTTLE = Solid(
    0.36, 0.10, 0.74, (0.030, 0.031, 0.031, 0.031, 0.034, 0.052, 0.082, 0.090, 0.090, 0.090, 0.090,
    0.090, 0.088, 0.080), 0.9,
)  # fmt: skip
_JUG = Solid(
    1.17,
    0.24,
    0.77,
    (0.085, 0.074, 0.066, 0.075, 0.105, 0.135, 0.150, 0.150, 0.138, 0.115, 0.092),
    0.35,
)
_BOWL = Solid(0.74, 0.60, 0.80, (0.215, 0.205, 0.190, 0.165, 0.130, 0.085, 0.085), 0.5)
_ROUND = (0.0, 0.052, 0.076, 0.090, 0.097, 0.100, 0.098, 0.092, 0.081, 0.062, 0.030)


def _fruit(
    middle: float, foot: float, size: float, gloss: float = 0.45, tilt: float = 0.0
) -> Solid:
    return Solid(middle, foot - 1.9 * size * 0.1, foot, [size * r for r in _ROUND], gloss, tilt)


_PEAR = (0.010, 0.028, 0.040, 0.047, 0.055, 0.070, 0.088, 0.098, 0.099, 0.090, 0.070, 0.035)


def render(width: int, height: int) -> Image.Image:
    """Return the picture."""
    x, y = plane(width, height)
    noise = Noise(302)
    painted = _room(x, y, noise)
    for solid in (_BOTTLE, _JUG, _BOWL):
        painted = cast_shadow(painted, x, y, solid, length=1.3)
    painted = _bottle(painted, x, y, noise)
    painted = _jug(painted, x, y, noise)
    for number, (middle, foot, size) in enumerate(
        ((0.62, 0.665, 0.95), (0.85, 0.668, 0.92), (0.735, 0.64, 1.0))
    ):
        painted = _apple(painted, x, y, noise, _fruit(middle, foot, size), number)
    painted = _bowl(painted, x, y, noise)
    lemon, pear, plum = (
        _fruit(0.27, 0.885, 0.78, 0.3),
        Solid(1.00, 0.62, 0.885, _PEAR, 0.4, -0.10),
        _fruit(0.47, 0.905, 0.62, 0.5),
    )
    for solid in (pear, lemon, plum):
        painted = cast_shadow(painted, x, y, solid)
    skin = noise.fractal(x * 90, y * 90, 2)
    yellow = mix(
        colour(0.93, 0.76, 0.20) + 0 * x[..., None],
        colour(0.74, 0.70, 0.20),
        0.5 + 0.8 * noise(x * 9, y * 9),
    )
    painted = lemon.shaded(x, y, yellow, painted, skin * 0.2)
    speck = smoothstep(0.35, 0.6, noise.fractal(x * 120, y * 120, 2))
    blush = smoothstep(0.3, -0.5, noise.fractal(x * 6 + 2, y * 6, 2) + 6 * (x - 0.98))
    green = mix(
        mix(colour(0.66, 0.68, 0.26) + 0 * x[..., None], colour(0.78, 0.42, 0.22), 0.7 * blush),
        colour(0.40, 0.32, 0.14),
        0.4 * speck,
    )
    painted = pear.shaded(x, y, green, painted)
    stem = np.where(np.abs(x - 1.022 - 0.25 * (0.62 - y)) < 0.0045, 1.0, 0.0)
    low = np.where((y > 0.582) & (y < 0.630), 1.0, 0.0)
    painted = mix(painted, colour(0.28, 0.19, 0.10) + 0 * x[..., None], stem * low)
    bloom = 0.5 + 0.5 * noise.fractal(x * 14, y * 14, 3)
    painted = plum.shaded(
        x,
        y,
        mix(colour(0.24, 0.12, 0.30) + 0 * x[..., None], colour(0.42, 0.40, 0.60), 0.6 * bloom),
        painted,
    )
    vignette = 1 - 0.22 * smoothstep(0.45, 0.95, np.hypot((x - 0.7) / 1.2, y - 0.5))
    return picture(painted * vignette[..., None])


def _room(x: Array, y: Array, noise: Noise) -> Array:
    plaster = noise.fractal(x * 5, y * 5, 5)
    light = 1.05 - 0.55 * smoothstep(0.1, 1.35, x + 0.35 * y) + 0.10 * plaster
    wall = colour(0.47, 0.45, 0.40) * light[..., None]
    grain = noise.fractal(x * 3.0, (y - _TABLE) * 90, 4) + 0.35 * noise(x * 14, y * 240)
    wood = mix(
        colour(0.50, 0.30, 0.17) + 0 * x[..., None], colour(0.72, 0.49, 0.29), 0.5 + 0.7 * grain
    )
    wood = wood * (1.12 - 0.40 * smoothstep(0.2, 1.5, x))[..., None]
    gap = smoothstep(0.0035, 0.0, np.abs(y - 0.775 - 0.004 * x)) + smoothstep(
        0.003, 0.0, np.abs(y - _TABLE)
    )
    wood = wood * (1 - 0.55 * gap.clip(0, 1))[..., None]
    front = smoothstep(0.0, 0.006, y - 0.955)
    wood = wood * (1 - 0.5 * front)[..., None]
    return mix(wall, wood, smoothstep(-0.0015, 0.0015, y - _TABLE))


def _bottle(painted: Array, x: Array, y: Array, noise: Noise) -> Array:
    wave = noise.fractal(x * 20, y * 6, 2)
    glass = mix(
        colour(0.06, 0.15, 0.09) + 0 * x[..., None], colour(0.16, 0.34, 0.18), 0.5 + 0.5 * wave
    )
    painted = _BOTTLE.shaded(x, y, glass, painted)
    cover, across, _ = _BOTTLE.place(x, y)
    window = (
        smoothstep(0.10, 0.03, np.abs(across + 0.55))
        * smoothstep(0.40, 0.46, y)
        * smoothstep(0.68, 0.62, y)
    )
    painted = mix(painted, colour(0.80, 0.90, 0.84) + 0 * x[..., None], 0.55 * window * cover)
    glow = smoothstep(0.25, 0.9, across) * smoothstep(0.36, 0.70, y)
    painted = mix(painted, colour(0.35, 0.55, 0.24) + 0 * x[..., None], 0.45 * glow * cover)
    label = cover * smoothstep(0.0, 0.003, y - 0.50) * smoothstep(0.0, 0.003, 0.63 - y)
    paper = colour(0.86, 0.80, 0.66) * (1.02 - 0.42 * np.abs(across + 0.3) ** 1.6)[..., None]
    rule = (
        (np.abs(y - 0.515) < 0.003)
        | (np.abs(y - 0.615) < 0.003)
        | ((np.abs(y - 0.565) < 0.016) & (np.abs(across) < 0.4))
    )
    paper = np.where(rule[..., None], paper * colour(0.55, 0.30, 0.24), paper)
    painted = mix(painted, paper, label)
    cork = Solid(0.36, 0.07, 0.105, (0.022, 0.024, 0.024), 0.1)
    return cork.shaded(x, y, colour(0.66, 0.48, 0.30) + 0 * x[..., None], painted)


def _jug(painted: Array, x: Array, y: Array, noise: Noise) -> Array:
    ring = np.hypot((x - 1.315) / 0.062, (y - 0.42) / 0.105)
    handle = smoothstep(0.30, 0.22, np.abs(ring - 1)) * (x > 1.25)
    clay = mix(
        colour(0.62, 0.34, 0.22) + 0 * x[..., None],
        colour(0.74, 0.48, 0.32),
        0.5 + 0.6 * noise.fractal(x * 8, y * 30, 3),
    )
    painted = mix(
        painted,
        clay
        * (0.75 - 0.5 * (x - 1.25) / 0.13 + 0.5 * (1 - np.abs(ring - 1) / 0.3).clip(0))[..., None],
        handle,
    )
    band = smoothstep(0.012, 0.008, np.abs(y - 0.545)) + smoothstep(0.006, 0.003, np.abs(y - 0.575))
    zigzag = smoothstep(
        0.008,
        0.004,
        np.abs(y - 0.49 - 0.012 * np.abs((np.arcsin(((x - 1.17) / 0.15).clip(-1, 1)) * 5) % 2 - 1)),
    )
    clay = mix(clay, colour(0.22, 0.25, 0.36) + 0 * x[..., None], (band + zigzag).clip(0, 1))
    glaze = smoothstep(0.012, -0.012, y - 0.335 - 0.02 * noise(x * 14, 0 * x))
    clay = mix(clay, colour(0.84, 0.80, 0.70) + 0 * x[..., None], 0.9 * glaze)
    painted = _JUG.shaded(x, y, clay, painted)
    mouth = np.hypot((x - 1.17) / 0.083, (y - 0.243) / 0.014)
    return mix(painted, colour(0.16, 0.10, 0.08) + 0 * x[..., None], smoothstep(1.0, 0.93, mouth))


def _apple(painted: Array, x: Array, y: Array, noise: Noise, fruit: Solid, number: int) -> Array:
    _, across, down = fruit.place(x, y)
    streaks = noise.fractal((np.arcsin(across) * 4 + 9 * number).astype(x.dtype), down * 1.2, 3)
    red = mix(colour(0.72, 0.13, 0.11) + 0 * x[..., None], colour(0.90, 0.66, 0.28),
              0.75 * smoothstep(-0.1, 0.7, streaks + 0.5 * (0.45 - down)))  # fmt: skip
    painted = fruit.shaded(x, y, red, painted)
    top = fruit.top + 0.012
    hollow = np.hypot((x - fruit.middle) / 0.024, (y - top) / 0.008)
    painted = mix(
        painted, colour(0.36, 0.16, 0.08) + 0 * x[..., None], 0.7 * smoothstep(1.0, 0.3, hollow)
    )
    stem = (np.abs(x - fruit.middle - 0.3 * (top - y)) < 0.0035) & (y < top) & (y > top - 0.045)
    return mix(painted, colour(0.25, 0.17, 0.10) + 0 * x[..., None], stem * 1.0)


def _bowl(painted: Array, x: Array, y: Array, noise: Noise) -> Array:
    _, across, _ = _BOWL.place(x, y)
    glaze = mix(
        colour(0.80, 0.84, 0.86) + 0 * x[..., None],
        colour(0.62, 0.70, 0.76),
        0.5 + 0.6 * noise.fractal(x * 12, y * 12, 3),
    )
    turn = np.arcsin(across) * 6
    wave = np.abs(y - 0.665 - 0.013 * np.sin(turn * 1.5)) < 0.005
    dots = np.hypot((turn % 1 - 0.5) * 0.03, y - 0.705) < 0.0075
    glaze = np.where(
        (wave | dots | (np.abs(y - 0.618) < 0.006))[..., None], colour(0.14, 0.27, 0.52), glaze
    )
    return _BOWL.shaded(x, y, glaze, painted)
