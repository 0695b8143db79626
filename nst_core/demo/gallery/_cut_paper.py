"""A style: shapes cut from paper of flat colours."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nst_core.demo._noise import Array, Noise, colour, smoothstep
from nst_core.demo.gallery._surface import picture, plane

_COLOURS = tuple(
    colour(*one)
    for one in (
        (0.94, 0.88, 0.74), (0.10, 0.24, 0.52), (0.86, 0.22, 0.16), (0.96, 0.70, 0.14),
        (0.06, 0.46, 0.38), (0.93, 0.52, 0.56), (0.16, 0.13, 0.20), (0.38, 0.66, 0.80),
    )
)  # fmt: skip
_FIELDS = (
    # left, top, right, bottom, ground, shape
    (0.00, 0.00, 0.40, 0.46, 1, 0), (0.40, 0.00, 0.86, 0.34, 3, 6), (0.86, 0.00, 1.18, 0.46, 5, 4),
    (1.18, 0.00, 1.50, 0.30, 0, 2), (0.00, 0.46, 0.26, 1.00, 2, 3), (0.26, 0.46, 0.62, 0.76, 0, 1),
    (0.40, 0.34, 0.86, 0.46, 6, 7), (0.62, 0.46, 1.02, 1.00, 4, 5), (0.26, 0.76, 0.62, 1.00, 7, 2),
    (1.02, 0.46, 1.50, 0.74, 2, 0), (1.18, 0.30, 1.50, 0.46, 7, 6), (1.02, 0.74, 1.50, 1.00, 3, 1),
)  # fmt: skip


def render(width: int, height: int) -> Image.Image:
    """Return the picture."""
    x, y = plane(width, height)
    noise = Noise(312)
    rng = np.random.default_rng(312)
    # Scissors do not cut straight.
    x, y = (
        x + 0.004 * noise.fractal(x * 6, y * 6, 2),
        y + 0.004 * noise.fractal(x * 6 + 9, y * 6, 2),
    )
    painted = _COLOURS[0] + 0 * x[..., None]
    for left, top, right, bottom, ground, shape in _FIELDS:
        inside = (x >= left) & (x < right) & (y >= top) & (y < bottom)
        painted = np.where(inside[..., None], _paper(x, y, ground, noise), painted)
        middle = ((left + right) / 2, (top + bottom) / 2)
        half = (right - left) / 2, (bottom - top) / 2
        frond = _frond(x - middle[0], y - middle[1], half, rng)
        painted = _laid(painted, frond, _paper(x, y, shape, noise))
    for _ in range(9):
        place, size = rng.uniform((0.1, 0.1), (1.4, 0.9)), rng.uniform(0.02, 0.045)
        lobes = rng.integers(4, 8)
        turn = np.arctan2(y - place[1], x - place[0])
        edge = size * (1 + 0.38 * np.cos(lobes * turn + rng.uniform(0, 6))) - np.hypot(
            x - place[0], y - place[1]
        )
        painted = _laid(painted, edge, _paper(x, y, int(rng.integers(0, 8)), noise))
    return picture(painted)


def _paper(x: Array, y: Array, number: int, noise: Noise) -> Array:
    """Return a sheet painted with gouache: flat, with the faint marks of the brush."""
    brushed = 0.022 * noise.fractal(x * 12 + 5 * number, y * 70, 2)
    return _COLOURS[number] * (1 + brushed)[..., None]


def _laid(painted: Array, edge: Array, paper: Array) -> Array:
    """Return the plane with a sheet laid on it where ``edge`` is above 0, and its thin shadow."""
    shadow = smoothstep(-0.006, 0.0, np.roll(edge, (3, 3), (0, 1)))
    painted = painted * (1 - 0.20 * shadow)[..., None]
    cover = smoothstep(-0.0008, 0.0008, edge)[..., None]
    laid: Array = painted + (paper - painted) * cover
    return laid


def _frond(dx: Array, dy: Array, half: tuple[float, float], rng: np.random.Generator) -> Array:
    """Return a distance above 0 inside a leaf with rounded lobes on both sides of a stem."""
    turn = rng.uniform(-0.5, 0.5) + (0.0 if half[1] > half[0] else np.pi / 2)
    u = np.cos(turn) * dx + np.sin(turn) * dy
    v = -np.sin(turn) * dx + np.cos(turn) * dy
    u = u + 0.25 * min(half) * np.sin(v / max(half) * 2 + rng.uniform(0, 6))
    length, breadth = 0.86 * max(half), 0.80 * min(half)
    inside = np.full_like(dx, -1.0)
    lobes = int(rng.integers(3, 6))
    for number in range(lobes):
        place = -length + 2 * length * (number + 0.8) / (lobes + 0.6)
        reach = breadth * np.sin(np.pi * (number + 1.0) / (lobes + 0.9)) ** 0.7
        for side in (-1, 1):
            t = (side * u / reach).clip(0, 1)
            lift = v - place + 0.55 * reach * t
            thick = 0.30 * length / lobes * (0.45 + 1.1 * t) * 1.25
            arm = np.minimum(thick - np.abs(lift), reach - side * u)
            round_end = thick - np.hypot((side * u - reach + thick).clip(0), lift)
            inside = np.maximum(
                inside, np.where(side * u > -0.2 * breadth, np.minimum(arm, round_end), -1.0)
            )
    stem = np.minimum(0.10 * breadth + 0.02 * (v + length) - np.abs(u), length * 1.05 - np.abs(v))
    return np.maximum(inside, stem)
