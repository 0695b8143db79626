"""A style: a line drawing in ink, its tones hatched, on cream paper."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nst_core.demo._noise import Array, Noise, colour, mix, smoothstep
from nst_core.demo.gallery._surface import picture, plane

_INK, _PAPER = colour(0.13, 0.12, 0.14), colour(0.95, 0.92, 0.84)
_TREES = (
    # x, foot, height, width
    (0.17, 0.82, 0.50, 0.14),
    (0.34, 0.76, 0.30, 0.09),
    (1.30, 0.86, 0.56, 0.15),
    (1.12, 0.74, 0.26, 0.08),
)


def render(width: int, height: int) -> Image.Image:
    """Return the picture."""
    x, y = plane(width, height)
    noise = Noise(311)
    wobble = 0.004 * noise.fractal(x * 7, y * 7, 3)
    tone, along, part = _scene(x + wobble, y + wobble, noise)
    ink = _hatched(x, y, tone, along, noise)
    ink = np.maximum(ink, _outlines(part))
    ink = ink * (0.86 + 0.25 * noise.fractal(x * 130, y * 130, 2))
    grain = 0.025 * noise.fractal(x * 90, y * 90, 3)
    paper = _PAPER * (1 + grain)[..., None]
    return picture(mix(paper, _INK + 0 * paper, ink.clip(0, 1)))


def _scene(x: Array, y: Array, noise: Noise) -> tuple[Array, Array, Array]:
    """Return the darkness 0...1, the angle of the first hatching, and the number of the area."""
    away = np.hypot(x - 0.95, y - 0.24)
    tone = 0.10 + 0.32 * smoothstep(0.2, 0.9, away) + 0.12 * noise.fractal(x * 3, y * 6, 3)
    angle = 0.05 + 0.25 * noise(x * 2, y * 2)
    part = np.zeros_like(x)
    sun = away < 0.115
    tone, part = np.where(sun, 0.0, tone), np.where(sun, 1.0, part)
    for number in range(4):
        crest = (
            0.40 + 0.10 * number + 0.085 * noise.fractal(x * (2.0 + number) + 7 * number, 0 * x, 4)
        )
        inside = y > crest
        below = (y - crest) / 0.16
        slope = noise.fractal(x * 5 + number, y * 9, 4)
        dark = 0.24 + 0.13 * number - 0.30 * smoothstep(0.1, 1.0, below) + 0.35 * slope
        tone = np.where(inside, dark, tone)
        angle = np.where(inside, 0.55 - 0.5 * number + 1.2 * noise(x * 3 + number, y * 3), angle)
        part = np.where(inside, 2.0 + number, part)
    water = y > 0.80
    shine = np.exp(-(((x - 0.95) / (0.05 + 0.5 * (y - 0.80).clip(0))) ** 2))
    tone = np.where(water, 0.62 - 0.62 * shine + 0.35 * noise.fractal(x * 6, y * 60, 3), tone)
    angle, part = np.where(water, 0.0, angle), np.where(water, 7.0, part)
    for number, tree in enumerate(_TREES):
        tone, angle, part = _tree(x, y, noise, number, tree, (tone, angle, part))
    return tone.clip(0, 1), angle, part


def _tree(
    x: Array, y: Array, noise: Noise, number: int, tree: tuple[float, float, float, float],
    scene: tuple[Array, Array, Array],
) -> tuple[Array, Array, Array]:  # fmt: skip
    tone, angle, part = scene
    middle, foot, height, width = tree
    lumps = noise.fractal(x * 15 + number, y * 15, 4)
    u, v = (x - middle) / width, (y - foot + 0.66 * height) / (0.36 * height)
    crown = np.hypot(u, v) + 0.55 * lumps < 1
    trunk = (
        (
            np.abs(x - middle - 0.01 * np.sin(y * 30))
            < 0.10 * width * (0.6 + (y - foot + height) / height * 0.5)
        )
        & (y < foot)
        & (y > foot - 0.5 * height)
    )
    light = 0.50 + 0.42 * u + 0.30 * v + 1.1 * lumps
    tone = np.where(trunk, 0.80 + 0 * x, tone)
    tone = np.where(crown, light, tone)
    angle = np.where(trunk, 1.5, np.where(crown, 2.2 + 2.0 * noise(x * 9, y * 9), angle))
    return tone, angle, np.where(crown | trunk, 10.0 + number, part)


def _hatched(x: Array, y: Array, tone: Array, angle: Array, noise: Noise) -> Array:
    """Return ink, 0...1: up to three layers of lines, which swell with the tone."""
    ink = np.zeros_like(x)
    # Directions in steps: lines whose direction changed at every point would not be lines.
    base = np.round(angle / 0.35) * 0.35
    for turn, least in ((0.0, 0.10), (0.9, 0.42), (-0.8, 0.70)):
        direction = base + turn
        bend = 0.010 * noise.fractal(x * 4, y * 4, 2) + 0.003 * noise(x * 20, y * 20)
        across = (-np.sin(direction) * x + np.cos(direction) * y + bend) / 0.0125
        along = np.cos(direction) * x + np.sin(direction) * y
        lane = np.floor(across)
        pressure = noise(along * 9 + 3.7 * lane, lane * 1.3)
        breadth = 0.85 * (tone - least).clip(0, 0.42) + 0.10 * (tone > least) * (1 + pressure)
        line = smoothstep(0.09, 0.0, np.abs(across - lane - 0.5) - 0.5 * breadth)
        ink = np.maximum(ink, line * (tone > least) * (pressure > -0.75))
    return ink


def _outlines(part: Array) -> Array:
    edge = np.zeros_like(part)
    for dy, dx in ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0)):
        edge = np.maximum(edge, np.roll(part, (dy, dx), (0, 1)) != part)
    edge[:3], edge[:, :3] = 0, 0
    return edge
