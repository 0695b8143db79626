"""A content: a robin on a snowy branch before a soft background."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nst_core.demo._noise import Array, Noise, colour, mix, smoothstep
from nst_core.demo.gallery._surface import picture, plane

_LIGHT = np.array([-0.50, -0.62, 0.60], np.float32)


def render(width: int, height: int) -> Image.Image:
    """Return the picture."""
    x, y = plane(width, height)
    noise = Noise(303)
    painted = _background(x, y, noise)
    painted = _branch(painted, x, y, noise)
    painted = _tail_and_legs(painted, x, y, noise)
    painted = _body(painted, x, y, noise)
    painted = _wing(painted, x, y, noise)
    return picture(_head(painted, x, y))


def _background(x: Array, y: Array, noise: Noise) -> Array:
    painted = mix(
        colour(0.62, 0.72, 0.78) + 0 * x[..., None],
        colour(0.40, 0.46, 0.40),
        smoothstep(0.1, 1.0, y),
    )
    painted = mix(
        painted,
        colour(0.80, 0.76, 0.64),
        0.6 * smoothstep(-0.3, 0.5, noise.fractal(x * 2, y * 2, 2)),
    )
    rng = np.random.default_rng(5)
    for middle_x, middle_y, radius in rng.uniform((0, 0, 0.03), (1.5, 1.0, 0.10), (26, 3)):
        disc = smoothstep(radius, radius * 0.86, np.hypot(x - middle_x, y - middle_y))
        tone = colour(*rng.uniform((0.62, 0.62, 0.50), (0.98, 0.92, 0.80)))
        painted = mix(painted, tone + 0 * x[..., None], 0.22 * disc)
    return painted


def _ball(
    x: Array, y: Array, middle: tuple[float, float], radii: tuple[float, float], turn: float
) -> tuple[Array, Array, Array, Array]:
    """Return coverage, light, and the coordinates (-1...1) of an ellipsoid turned by ``turn``."""
    dx, dy = x - middle[0], y - middle[1]
    u = (np.cos(turn) * dx + np.sin(turn) * dy) / radii[0]
    v = (-np.sin(turn) * dx + np.cos(turn) * dy) / radii[1]
    square = u**2 + v**2
    deep = np.sqrt(np.maximum(1 - square, 0))
    nx, ny = np.cos(turn) * u - np.sin(turn) * v, np.sin(turn) * u + np.cos(turn) * v
    light = 0.42 + 0.66 * (nx * _LIGHT[0] + ny * _LIGHT[1] + deep * _LIGHT[2]).clip(0)
    return square, light - 0.06 * (1 - deep), u, v


def _feathers(x: Array, y: Array, noise: Noise, turn: float, fine: float) -> Array:
    along = np.cos(turn) * x + np.sin(turn) * y
    across = -np.sin(turn) * x + np.cos(turn) * y
    soft: Array = noise.fractal(along * fine * 0.35, across * fine, 3)
    return soft


def _body(painted: Array, x: Array, y: Array, noise: Noise) -> Array:
    square, light, _, v = _ball(x, y, (0.78, 0.50), (0.285, 0.215), 0.62)
    fluff = _feathers(x, y, noise, 1.0, 60)
    cover = smoothstep(1.03, 0.97, square + 0.05 * fluff)
    belly = smoothstep(-0.15, 0.75, v + 0.10 * fluff)
    back = mix(
        colour(0.42, 0.37, 0.28) + 0 * x[..., None], colour(0.34, 0.30, 0.24), 0.5 + 0.8 * fluff
    )
    white = mix(
        colour(0.88, 0.86, 0.80) + 0 * x[..., None], colour(0.72, 0.68, 0.60), 0.5 + 0.8 * fluff
    )
    plumage = mix(back, white, belly)
    red = mix(
        colour(0.86, 0.36, 0.10) + 0 * x[..., None], colour(0.72, 0.24, 0.06), 0.5 + 0.9 * fluff
    )
    breast = smoothstep(
        1.08, 0.80, np.hypot((x - 0.635) / 0.165, (y - 0.435) / 0.185) + 0.09 * fluff
    )
    plumage = mix(plumage, red, breast)
    return mix(painted, plumage * (light * (1 + 0.10 * fluff))[..., None], cover)


def _wing(painted: Array, x: Array, y: Array, noise: Noise) -> Array:
    square, light, u, v = _ball(x, y, (0.865, 0.520), (0.235, 0.105), 0.80)
    fluff = _feathers(x, y, noise, 0.8, 90)
    quills = np.sin((v * 1.15 + 0.25 * u**2) * 15)
    tone = 0.5 + 0.35 * quills * smoothstep(-0.35, 0.25, u) + 0.5 * fluff
    wing = mix(
        colour(0.27, 0.23, 0.17) + 0 * x[..., None], colour(0.52, 0.45, 0.33), tone.clip(0, 1)
    )
    bar = smoothstep(0.07, 0.02, np.abs(u + 0.02 - 0.3 * v**2)) * smoothstep(0.9, 0.5, np.abs(v))
    wing = mix(wing, colour(0.70, 0.62, 0.46), 0.55 * bar)
    shade = smoothstep(1.35, 0.95, square) * smoothstep(0.0, 0.5, v)
    painted = painted * (1 - 0.22 * shade)[..., None]
    return mix(
        painted, wing * (1.05 * light)[..., None], smoothstep(1.02, 0.96, square + 0.03 * fluff)
    )


def _head(painted: Array, x: Array, y: Array) -> Array:
    noise = Noise(304)
    square, light, u, v = _ball(x, y, (0.615, 0.305), (0.142, 0.130), 0.3)
    fluff = _feathers(x, y, noise, 0.5, 70)
    crown = mix(
        colour(0.45, 0.39, 0.29) + 0 * x[..., None], colour(0.36, 0.31, 0.24), 0.5 + 0.8 * fluff
    )
    red = mix(
        colour(0.88, 0.39, 0.12) + 0 * x[..., None], colour(0.76, 0.27, 0.07), 0.5 + 0.9 * fluff
    )
    face = smoothstep(1.06, 0.86, np.hypot((x - 0.545) / 0.118, (y - 0.335) / 0.118) + 0.06 * fluff)
    grey = smoothstep(0.17, 0.03, np.abs(np.hypot((x - 0.545) / 0.118, (y - 0.335) / 0.118) - 1.10))
    plumage = mix(mix(crown, colour(0.62, 0.64, 0.64), 0.55 * grey), red, face)
    # Towards the body the feathers have no edge.
    inner = smoothstep(-0.1, 0.9, 0.6 * u + 0.8 * v)
    cover = smoothstep(
        0.0, 1.0, (1.03 + 0.10 * inner - square - 0.04 * fluff) / (0.07 + 0.60 * inner)
    )
    light = light + 0.30 * inner * smoothstep(0.3, 1.0, square)
    painted = mix(painted, plumage * (light * (1 + 0.08 * fluff))[..., None], cover)
    tip = (x - 0.405) / 0.085
    half = 0.026 * tip.clip(0, 1) ** 0.8
    line = 0.300 + 0.004 * tip
    beak = smoothstep(0.0, 0.003, half - np.abs(y - line)) * (tip > 0) * (tip < 1)
    horn = colour(0.20, 0.17, 0.15) * (1.3 - 18 * (y - line))[..., None].clip(0.5, 2.0)
    horn = np.where((np.abs(y - line - 0.003) < 0.0022)[..., None], horn * 0.4, horn)
    painted = mix(painted, horn, beak)
    eye = np.hypot(x - 0.560, y - 0.272)
    painted = mix(
        painted, colour(0.80, 0.52, 0.28) + 0 * x[..., None], 0.5 * smoothstep(0.030, 0.026, eye)
    )
    painted = mix(
        painted, colour(0.05, 0.04, 0.04) + 0 * x[..., None], smoothstep(0.025, 0.022, eye)
    )
    glint = np.hypot(x - 0.553, y - 0.264)
    return mix(painted, colour(1.0, 1.0, 1.0) + 0 * x[..., None], smoothstep(0.0075, 0.005, glint))


def _tail_and_legs(painted: Array, x: Array, y: Array, noise: Noise) -> Array:
    along: Array = (x - 0.95) * 0.80 + (y - 0.62) * 0.60
    across: Array = -(x - 0.95) * 0.60 + (y - 0.62) * 0.80
    half = 0.042 + 0.05 * along
    tail = (
        smoothstep(0.0, 0.004, half - np.abs(across))
        * smoothstep(0, 0.01, along + 0.06)
        * smoothstep(0.0, 0.008, 0.27 - along - 0.3 * np.abs(across))
    )
    barbs = noise.fractal(along * 12, across * 260, 2)
    tone = (0.5 + 0.4 * np.sin(across / half * 9) + 0.4 * barbs).clip(0, 1)
    feather = mix(colour(0.24, 0.20, 0.15) + 0 * x[..., None], colour(0.44, 0.37, 0.27), tone)
    painted = mix(painted, feather * (1.0 - 1.5 * across)[..., None], tail)
    for foot, knee in (((0.655, 0.795), (0.70, 0.66)), ((0.775, 0.800), (0.80, 0.68))):
        share = ((y - knee[1]) / (foot[1] - knee[1])).clip(0, 1)
        middle = knee[0] + (foot[0] - knee[0]) * share
        leg = smoothstep(0.0085, 0.005, np.abs(x - middle)) * (y > knee[1]) * (y < foot[1] + 0.004)
        toes = np.zeros_like(x)
        for reach in (-0.045, -0.028, 0.030):
            bend = foot[1] + 0.004 + 0.022 * ((x - foot[0]) / reach).clip(0, 1) ** 2
            toes = np.maximum(
                toes,
                smoothstep(0.0075, 0.004, np.abs(y - bend))
                * ((x - foot[0]) / reach > 0)
                * ((x - foot[0]) / reach < 1),
            )
        painted = mix(
            painted,
            colour(0.36, 0.24, 0.17) * (1.1 - 20 * (x - middle))[..., None].clip(0.5, 1.5),
            np.maximum(leg, toes),
        )
    return painted


def _branch(painted: Array, x: Array, y: Array, noise: Noise) -> Array:
    for line, half in (
        (0.845 - 0.05 * (x - 0.7) + 0.03 * np.sin(x * 4.0), 0.045 - 0.012 * x),
        (0.845 + 0.62 * (1.02 - x) * (x > 1.02) + 5 * (x <= 1.02), 0.020 - 0.012 * (x - 1.02)),
    ):
        middle = line + 0.006 * noise.fractal(x * 14, 0 * x, 3)
        across = (y - middle) / half
        cover = smoothstep(1.02, 0.94, np.abs(across))
        bark = noise.fractal(x * 22, y * 90, 4)
        wood = mix(
            colour(0.30, 0.22, 0.17) + 0 * x[..., None], colour(0.56, 0.46, 0.38), 0.5 + 0.9 * bark
        )
        round_light = 0.42 + 0.70 * np.sqrt(np.maximum(1 - (across + 0.35).clip(-1, 1) ** 2, 0))
        painted = mix(painted, wood * round_light[..., None], cover)
        drift = noise.fractal(x * 9, 0 * x + 3, 3)
        thick = half * (0.55 + 0.75 * drift).clip(0)
        top = middle - half * 0.80
        snow = (
            smoothstep(0.0, 0.005, y - top + thick)
            * smoothstep(0.0, 0.006, top + 0.30 * thick - y)
            * (thick > 0.004)
        )
        white = mix(
            colour(0.98, 0.98, 1.0) + 0 * x[..., None],
            colour(0.70, 0.78, 0.90),
            smoothstep(-1.0, 0.6, (y - top) / np.maximum(thick, 1e-3)),
        )
        painted = mix(painted, white, snow)
    return painted
