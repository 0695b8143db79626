"""A style: a meadow of poppies in thick paint."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from nst_core.demo._noise import Array, Noise, colour
from nst_core.demo._strokes import Canvas, Stroke
from nst_core.demo.gallery._surface import OVERSAMPLING, WIDE

_HORIZON = 0.36
_SKY = (
    colour(0.36, 0.56, 0.74),
    colour(0.62, 0.76, 0.82),
    colour(0.93, 0.88, 0.78),
    colour(0.90, 0.72, 0.66),
)
_LEAVES = (
    colour(0.16, 0.34, 0.16),
    colour(0.34, 0.52, 0.18),
    colour(0.58, 0.64, 0.24),
    colour(0.12, 0.26, 0.26),
)
_STRAW = (colour(0.82, 0.70, 0.30), colour(0.72, 0.74, 0.36))
_POPPY = (
    colour(0.86, 0.12, 0.08),
    colour(0.95, 0.30, 0.12),
    colour(0.66, 0.06, 0.10),
    colour(0.98, 0.48, 0.30),
)
_FAR = (colour(0.22, 0.36, 0.40), colour(0.34, 0.46, 0.42), colour(0.28, 0.32, 0.46))


def render(width: int, height: int) -> Image.Image:
    """Return the picture."""
    rng = np.random.default_rng(315)
    scale = max(OVERSAMPLING * width / WIDE, OVERSAMPLING * height)
    canvas = Canvas(OVERSAMPLING * width, OVERSAMPLING * height, colour(0.40, 0.30, 0.22))
    for layer in (_sky, _ground, _hills, _grass, _poppies, _daisies):
        for stroke in layer(rng, scale):
            canvas.add(stroke)
    return canvas.lit(scale / 620).resize((width, height), Image.Resampling.LANCZOS)


def _stroke(
    rng: np.random.Generator, scale: float, start: tuple[float, float], turn: float, length: float,
    breadth: float, paints: tuple[Array, ...], *, thickness: float = 1.0, bend: float = 0.0,
) -> Stroke:  # fmt: skip
    """Return a stroke from a place of the plane, in the direction ``turn``, which may bend."""
    count = max(6, int(length * scale * 1.6))
    part = np.linspace(0, 1, count)
    direction = turn + bend * (part - 0.3)
    step = length * scale / count
    path = np.cumsum(np.stack([np.cos(direction), np.sin(direction)], axis=1) * step, axis=0)
    first, second = rng.integers(len(paints), size=2)
    change = rng.normal(0, 0.035, 3)
    return Stroke(
        path=path + np.array(start) * scale,
        width=max(3.0, breadth * scale * rng.uniform(0.75, 1.3)),
        paint=np.clip(paints[first] + change, 0.02, 1),
        second_colour=np.clip(paints[second] + change, 0.02, 1),
        thickness=thickness * float(rng.uniform(0.8, 1.4)) * scale / 420,
        brush=int(rng.integers(1000)),
    )


def _sky(rng: np.random.Generator, scale: float) -> Iterator[Stroke]:
    noise = Noise(316)
    for place in rng.uniform((-0.1, -0.03), (1.5, _HORIZON + 0.03), (900, 2)):
        cloud = float(noise.fractal(place[:1] * 2.6, place[1:] * 6, 3)[0]) + 0.5 * (place[1] - 0.2)
        paints = _SKY[2:] if cloud > 0.12 else _SKY[:2] if cloud < -0.02 else _SKY[1:3]
        turn = 0.30 * float(noise(place[:1] * 3, place[1:] * 5)[0]) - 0.12
        yield _stroke(
            rng, scale, (place[0], place[1]), turn, 0.13, 0.036, paints, bend=rng.normal(0, 0.5)
        )


def _hills(rng: np.random.Generator, scale: float) -> Iterator[Stroke]:
    for x in np.sort(rng.uniform(-0.1, 1.5, 240)):
        crest = _HORIZON - 0.045 - 0.035 * np.sin(x * 4.2) - 0.02 * np.sin(x * 9)
        y = rng.uniform(crest, _HORIZON + 0.02)
        slope = -0.15 * np.cos(x * 4.2) - 0.18 * np.cos(x * 9)
        yield _stroke(rng, scale, (x, y), slope, 0.08, 0.024, _FAR)


def _ground(rng: np.random.Generator, scale: float) -> Iterator[Stroke]:
    for x, y in rng.uniform((-0.1, _HORIZON), (1.5, 1.05), (800, 2)):
        near = (y - _HORIZON) / (1 - _HORIZON)
        paints = (_LEAVES[1], _LEAVES[2], *_STRAW) if near < 0.35 else _LEAVES[:2]
        yield _stroke(rng, scale, (x, y), rng.normal(0, 0.2), 0.12, 0.02 + 0.03 * near, paints)


def _grass(rng: np.random.Generator, scale: float) -> Iterator[Stroke]:
    places = rng.uniform((-0.05, _HORIZON), (1.55, 1.1), (1700, 2))
    for x, y in places[np.argsort(places[:, 1])]:
        near = (y - _HORIZON) / (1 - _HORIZON)
        paints = _LEAVES[:3] if rng.uniform() < 0.78 else _STRAW
        if near > 0.55 and rng.uniform() < 0.45:
            paints = (_LEAVES[0], _LEAVES[3])
        turn = -np.pi / 2 + rng.normal(0, 0.28) + 0.25 * np.sin(x * 5)
        length = 0.03 + 0.13 * near * rng.uniform(0.6, 1.2)
        yield _stroke(
            rng, scale, (x, y), turn, length, 0.008 + 0.016 * near, paints, bend=rng.normal(0, 0.8)
        )


def _flowers(
    rng: np.random.Generator, count: int, keep: Callable[[float, float], float]
) -> Iterator[tuple[float, float, float]]:
    """Yield x, y and size of flowers, from the far ones to the near ones."""
    depth = np.sort(rng.uniform(0.02, 1.0, count) ** 0.8)
    for near, x in zip(depth, rng.uniform(0, 1.5, count), strict=True):
        y = _HORIZON + 0.02 + near * (1 - _HORIZON)
        if rng.uniform() < keep(x, y):
            yield x, y, 0.008 + 0.046 * near**1.4


def _poppies(rng: np.random.Generator, scale: float) -> Iterator[Stroke]:
    noise = Noise(317)

    def band(x: float, y: float) -> float:
        return 0.35 + 1.6 * float(noise.fractal(np.array([x * 2.4]), np.array([y * 5]), 2)[0])

    for x, y, size in _flowers(rng, 460, band):
        for petal in range(5):
            turn = 2 * np.pi * petal / 5 + rng.uniform(-0.5, 0.5)
            start = (x - 0.3 * size * np.cos(turn), y - 0.22 * size * np.sin(turn))
            yield _stroke(
                rng,
                scale,
                start,
                turn,
                1.15 * size,
                0.85 * size,
                _POPPY,
                thickness=1.7,
                bend=rng.normal(0, 1.2),
            )
        if size > 0.014:
            yield _stroke(
                rng,
                scale,
                (x, y),
                rng.uniform(0, 6),
                0.3 * size,
                0.35 * size,
                (colour(0.08, 0.06, 0.10),),
                thickness=1.6,
            )


def _daisies(rng: np.random.Generator, scale: float) -> Iterator[Stroke]:
    white = (colour(0.96, 0.94, 0.88), colour(0.86, 0.88, 0.92))
    for x, y, size in _flowers(rng, 130, lambda _x, _y: 0.5):
        for turn in np.arange(6) * np.pi / 3 + rng.uniform(0, 1):
            yield _stroke(rng, scale, (x, y), turn, 0.55 * size, 0.24 * size, white, thickness=1.5)
        yield _stroke(
            rng,
            scale,
            (x, y),
            0.0,
            0.18 * size,
            0.24 * size,
            (colour(0.95, 0.74, 0.14),),
            thickness=2.0,
        )
