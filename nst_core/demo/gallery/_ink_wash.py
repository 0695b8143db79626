"""A style: an ink wash of misty mountains and bamboo on rice paper."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nst_core.demo._noise import Array, Noise, colour, mix, smoothstep
from nst_core.demo.gallery._surface import picture, plane

_INK = colour(0.10, 0.11, 0.13)
_RIDGES = (
    # height of the foot, rise, breadth of a mountain, darkness
    (0.34, 0.20, 1.7, 0.26),
    (0.47, 0.24, 2.3, 0.40),
    (0.60, 0.22, 2.0, 0.58),
    (0.78, 0.17, 2.7, 0.84),
)


def render(width: int, height: int) -> Image.Image:
    """Return the picture."""
    x, y = plane(width, height)
    noise = Noise(313)
    fibres = noise.fractal(x * 12, y * 130, 3) + noise.fractal(x * 130, y * 12, 3)
    paper = (
        colour(0.93, 0.90, 0.82)
        * (1 + 0.025 * fibres + 0.03 * noise.fractal(x * 3, y * 3, 3))[..., None]
    )
    ink = 0.10 * smoothstep(0.2, 0.7, noise.fractal(x * 1.4 + 5, y * 2.4, 3))
    for number, ridge in enumerate(_RIDGES):
        wash, cover = _mountain(x, y, noise, number, *ridge)
        ink = ink * (1 - 0.75 * cover) + wash
    ink = np.maximum(ink, _pines(x, y, noise))
    ink = ink + _bamboo(x, y, noise) * (1 - ink)
    ink = ink * (1 + 0.16 * noise.fractal(x * 60, y * 60, 3) + 0.05 * fibres)
    painted = mix(paper, _INK + 0 * paper, (0.94 * ink).clip(0, 0.95))
    red = 0.80 * (1 + 0.3 * noise.fractal(x * 14, y * 14, 3))
    sun = np.hypot(x - 1.16, y - 0.17) + 0.006 * noise.fractal(x * 20, y * 20, 3)
    painted = mix(
        painted, colour(0.76, 0.22, 0.14) + 0 * paper, red * smoothstep(0.075, 0.068, sun)
    )
    return picture(_sealed(painted, x, y, noise))


def _mountain(
    x: Array, y: Array, noise: Noise, number: int, foot: float, rise: float, breadth: float,
    darkness: float,
) -> tuple[Array, Array]:  # fmt: skip
    """Return the ink of a ridge, dark at the crest and lost in mist below, and its coverage."""
    place = x * breadth + 3.3 * number
    crest = foot - rise * (0.35 + 1.25 * noise.fractal(place, 0 * x + number, 5).clip(-0.3, 1))
    below = y - crest + 0.003 * noise.fractal(x * 40, y * 40, 2)
    cover = smoothstep(-0.002, 0.004, below)
    mist = np.exp(-below.clip(0) / (0.11 + 0.05 * noise.fractal(x * 3, y * 5 + number, 3)))
    edge = 0.35 * np.exp(-below.clip(0) / 0.006)
    folds = noise.ridged(x * 7 + below * 6 + number, below * 5, 4)
    strokes = smoothstep(0.52, 0.86, folds) * smoothstep(0.0, 0.03, below) * mist
    wash = cover * darkness * (0.74 * mist + edge + 0.62 * strokes)
    return wash.clip(0, 0.96), cover * (0.3 + 0.7 * mist)


def _pines(x: Array, y: Array, noise: Noise) -> Array:
    ink = np.zeros_like(x)
    rng = np.random.default_rng(8)
    for middle in (0.985, 1.05, 1.10, 1.19, 1.25, 1.32):
        foot, height = 0.875 + rng.uniform(-0.02, 0.03), rng.uniform(0.11, 0.19)
        up = ((foot - y) / height).clip(0, 1.05)
        trunk = smoothstep(
            0.0042, 0.0015, np.abs(x - middle - 0.012 * np.sin(up * 5 + middle * 40))
        )
        trunk = trunk * (y < foot) * (up < 1)
        tier = 1 - (up * 4.2) % 1
        half = 0.052 * (1.08 - up) * (0.35 + 0.75 * tier)
        rough = noise.fractal(x * 70, y * 170, 2)
        needles = smoothstep(0.006, -0.004, np.abs(x - middle) - half - 0.012 * rough)
        needles = (
            needles * (y < foot - 0.2 * height) * (up < 1) * (0.60 + 0.6 * rough + 0.35 * tier)
        )
        ink = np.maximum(ink, np.maximum(0.80 * trunk, 0.85 * needles.clip(0, 1)))
    return ink


def _bamboo(x: Array, y: Array, noise: Noise) -> Array:
    ink = np.zeros_like(x)
    for middle, lean, half, dark in (
        (0.16, 0.06, 0.0135, 0.80),
        (0.255, -0.03, 0.010, 0.55),
        (0.075, 0.10, 0.008, 0.42),
    ):
        axis = middle + lean * (0.5 - y) + 0.01 * np.sin(y * 4 + middle * 30)
        across = (x - axis) / half
        joint = (y * 5.2 + 9 * middle) % 1
        body = smoothstep(
            1.05, 0.85, np.abs(across) - 0.18 * np.exp(-((joint - 0.02).clip(0) / 0.04))
        )
        gap = smoothstep(0.0, 0.022, joint) * smoothstep(1.0, 0.985, joint)
        tone = dark * (0.50 + 0.42 * across**2 + 0.22 * noise.fractal(across * 1.5, y * 26, 3))
        ink = np.maximum(ink, body * gap * tone)
    return np.maximum(ink, _leaves(x, y))


def _leaves(x: Array, y: Array) -> Array:
    ink = np.zeros_like(x)
    rng = np.random.default_rng(21)
    for knot_x, knot_y in (
        (0.20, 0.14),
        (0.30, 0.22),
        (0.12, 0.34),
        (0.36, 0.40),
        (0.24, 0.55),
        (0.09, 0.70),
        (0.33, 0.08),
    ):
        for _ in range(int(rng.integers(4, 7))):
            turn, length = rng.uniform(0.15, 1.45), rng.uniform(0.09, 0.19)
            turn = turn if rng.uniform() < 0.72 else np.pi - turn
            dx, dy = x - knot_x - rng.normal(0, 0.008), y - knot_y - rng.normal(0, 0.008)
            along = (np.cos(turn) * dx + np.sin(turn) * dy) / length
            across = -np.sin(turn) * dx + np.cos(turn) * dy - 0.05 * length * along**2
            half = 0.075 * length * (along.clip(0, 1) ** 0.55) * (1 - along.clip(0, 1)) ** 0.8 * 2.1
            leaf = smoothstep(0.0, 0.0016, half - np.abs(across)) * (along > 0) * (along < 1)
            ink = np.maximum(ink, leaf * rng.uniform(0.62, 0.97) * (1 - 0.30 * along.clip(0, 1)))
    return ink


def _sealed(painted: Array, x: Array, y: Array, noise: Noise) -> Array:
    u, v = (x - 1.385) / 0.036, (y - 0.80) / 0.036
    worn = 0.18 * noise.fractal(x * 90, y * 90, 3)
    square = smoothstep(0.06, -0.02, np.maximum(np.abs(u), np.abs(v)) - 0.95 + worn)
    strokes = (
        (np.abs(v + 0.45) < 0.10) | (np.abs(v - 0.05) < 0.10) | ((np.abs(u) < 0.11) & (v > -0.5))
    )
    strokes |= (np.abs(np.abs(u) - 0.55) < 0.10) & (v > 0.05)
    strokes &= np.maximum(np.abs(u), np.abs(v)) < 0.74
    return mix(painted, colour(0.70, 0.13, 0.10) + 0 * painted, 0.88 * square * (1 - strokes))
