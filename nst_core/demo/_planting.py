"""The positions of firs, grass and flowers in the demo landscape."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from nst_core.demo import _cabin
from nst_core.demo._firs import Tree
from nst_core.demo._ground import forest_density
from nst_core.demo._noise import Array, Noise, colour, mix, smoothstep
from nst_core.demo._sky import SKYLIGHT, SUNLIGHT
from nst_core.demo._terrain import Terrain
from nst_core.demo._view import View

KINDS = 6
_FLOWER_COLOURS = np.array(
    [[1.5, 1.4, 1.3], [1.5, 0.85, 0.12], [1.1, 0.12, 0.07], [0.55, 0.30, 0.85]], dtype=np.float32
)
_CANDIDATES = 30_000
_NEAR_TREES = (
    # x, y, size: a group at the left edge of the picture, and firs around the cabin
    (-33.5, 72.0, 27.0), (-41.0, 80.0, 33.0), (-26.0, 84.0, 17.0), (-38.0, 64.0, 15.0),
    (-46.0, 92.0, 30.0), (-20.5, 77.0, 8.5), (-30.0, 62.0, 6.5), (-13.0, 71.0, 4.5),
    (60.0, 158.0, 21.0), (66.0, 152.0, 26.0), (71.0, 160.0, 19.0), (74.0, 150.0, 23.0),
    (36.0, 154.0, 13.0), (31.0, 151.0, 8.0), (79.0, 148.0, 17.0), (63.0, 145.0, 9.0),
    (55.0, 161.0, 17.0), (83.0, 156.0, 25.0),
)  # fmt: skip


def trees(terrain: Terrain, noise: Noise) -> tuple[list[Tree], list[Tree]]:
    """Return the firs of the forest beyond the lake, and those of the near shores."""
    rng = np.random.default_rng(21)
    even = np.sqrt(rng.uniform(300.0**2, 2600.0**2, _CANDIDATES))
    # The edge of the forest at the water is the most visible part, so it gets more trees.
    y = np.where(rng.uniform(size=_CANDIDATES) < 0.2, rng.uniform(540.0, 900.0, _CANDIDATES), even)
    y = y.astype(np.float32)
    x = (y * rng.uniform(-0.56, 0.56, _CANDIDATES)).astype(np.float32)
    height = terrain.height(x, y)
    rise_x, rise_y = terrain.slope(x, y, np.full_like(x, 6.0))
    thick = forest_density(noise, x, y, height) * (np.hypot(rise_x, rise_y) < 0.95)
    stands = (rng.uniform(0.06, 1.0, _CANDIDATES) < thick) & (height > 0.8)
    woods = _trees_at(terrain, x[stands], y[stands], rng.gamma(9.0, 1.7, int(stands.sum())) + 4.0)
    near_x, near_y, size = np.array(_NEAR_TREES, dtype=np.float32).T
    return woods, _trees_at(terrain, near_x, near_y, size)


def _trees_at(terrain: Terrain, x: Array, y: Array, size: Array) -> list[Tree]:
    ground = terrain.height(x, y)
    sun = terrain.sunlit(x, y, ground + 0.6 * size)
    rows = zip(x, y, ground, size, sun, strict=True)
    tone = np.random.default_rng(2).uniform(0.55, 1.3, len(x))
    return [
        Tree(float(a), float(b), float(c), float(d), index % KINDS, float(e), float(tone[index]))
        for index, (a, b, c, d, e) in enumerate(rows)
        if c > 0.2
    ]


def cabin_floor(terrain: Terrain) -> float:
    """Return the height of the ground under the cabin."""
    x, y = (np.array([value], dtype=np.float32) for value in _cabin.POSITION)
    return float(terrain.height(x, y)[0]) - 0.3


def grass(
    view: View, terrain: Terrain, picture: Array, count: int, reach: tuple[float, float]
) -> None:
    """Draw ``count`` tufts of grass into ``picture``, in place, at distances within ``reach``."""
    rng = np.random.default_rng(8)
    y = np.sort(rng.uniform(*reach, count).astype(np.float32))[::-1]
    x = (y * rng.uniform(-0.55, 0.55, count)).astype(np.float32)
    ground = terrain.height(x, y)
    patch = Noise(4).fractal(x / 7.0, y / 7.0, 4)
    shade, alpha = (Image.new("L", (view.width, view.height)) for _ in range(2))
    pens = (ImageDraw.Draw(shade), ImageDraw.Draw(alpha))
    for index in np.flatnonzero((ground > 0.35) & (terrain.shore_distance(x, y) > 0.6)):
        tone = float(np.clip(0.45 + 0.55 * patch[index] + rng.normal(0, 0.2), 0.0, 1.0))
        tall = float(rng.gamma(5.0, 0.11) * (0.8 + 0.8 * patch[index]) + 0.15)
        _draw_tuft(view, pens, (float(x[index]), float(y[index]), float(ground[index])), tall, tone)
    tint = mix(
        np.broadcast_to(colour(0.045, 0.060, 0.014), picture.shape),
        colour(0.30, 0.27, 0.065),
        np.asarray(shade, dtype=np.float32) / 255.0,
    )
    cloud = smoothstep(0.74, 1.06, np.linspace(0.0, 1.08, view.height, dtype=np.float32))
    lit = tint * ((0.62 - 0.42 * cloud[:, None, None]) * SUNLIGHT + 0.8 * SKYLIGHT)
    picture[:] = mix(picture, lit, np.asarray(alpha, dtype=np.float32) / 255.0)


def flowers(view: View, terrain: Terrain, picture: Array, count: int) -> None:
    """Draw up to ``count`` flowers in patches on the near bank of ``picture``, in place."""
    rng = np.random.default_rng(14)
    y = np.sort(rng.uniform(38.0, 78.0, count).astype(np.float32))[::-1]
    x = (y * rng.uniform(-0.55, 0.55, count)).astype(np.float32)
    ground = terrain.height(x, y)
    drift = Noise(9).fractal(x / 9.0, y / 9.0, 3)
    blooms = Image.new("P", (view.width, view.height))
    pen = ImageDraw.Draw(blooms)
    for index in np.flatnonzero((ground > 0.8) & (drift + rng.normal(0, 0.12, count) > 0.24)):
        lift = ground[index] + rng.uniform(0.45, 0.9)
        column, row = view.project(float(x[index]), float(y[index]), float(lift))
        size = view.focal * rng.uniform(0.05, 0.11) / float(y[index])
        kind = 1 + int(np.clip(2.0 + 4.0 * float(drift[index] - 0.3) * rng.normal(), 0, 3))
        pen.ellipse([column - size, row - 0.8 * size, column + size, row + 0.8 * size], fill=kind)
    chosen = np.asarray(blooms)
    picture[chosen > 0] = _FLOWER_COLOURS[chosen[chosen > 0] - 1]


def _draw_tuft(
    view: View,
    pens: tuple[ImageDraw.ImageDraw, ImageDraw.ImageDraw],
    foot: tuple[float, float, float],
    tall: float,
    tone: float,
) -> None:
    """Draw three blades of grass with bright tips, bent by the wind."""
    x, y, ground = foot
    width = max(1, round(view.focal * 0.045 / y))
    for spread, dim in ((-0.22, 0.8), (0.05, 1.0), (0.34, 0.65)):
        root = view.project(x, y, ground)
        middle = view.project(x + 0.4 * spread * tall, y, ground + 0.6 * tall)
        tip = view.project(x + (spread + 0.12) * tall, y, ground + tall)
        for pen, inks in zip(pens, ((tone * 0.6 * dim, tone * dim), (1.0, 1.0)), strict=True):
            pen.line([root, middle], fill=int(255 * inks[0]), width=width)
            pen.line([middle, tip], fill=int(255 * inks[1]), width=max(1, width - 1))
