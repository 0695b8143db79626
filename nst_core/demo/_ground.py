"""The materials of the ground in the demo landscape and their lighting, in linear light."""

from __future__ import annotations

import numpy as np

from nst_core.demo._noise import Array, Noise, colour, mix, smoothstep
from nst_core.demo._sky import SKYLIGHT, SUNLIGHT
from nst_core.demo._terrain import SUN, Terrain


def light(terrain: Terrain, noise: Noise, x: Array, y: Array, footprint: float) -> Array:
    """Return the colour (n, 3) of the ground at ``x`` and ``y`` (n,).

    Args:
        terrain: The terrain.
        noise: The noise for the texture of the materials.
        x: Metres to the right.
        y: Metres away.
        footprint: Width of a pixel in metres per metre of distance. Slopes are measured over this
            width; otherwise the far mountains would be noisy.
    """
    height = terrain.height(x, y)
    rise_x, rise_y = terrain.slope(x, y, np.maximum(footprint * y, 0.05))
    steep = np.hypot(rise_x, rise_y)
    norm = np.sqrt(1.0 + rise_x**2 + rise_y**2)
    facing = np.clip((SUN[2] - SUN[0] * rise_x - SUN[1] * rise_y) / norm, 0.0, 1.0)
    sun = facing * terrain.sunlit(x, y, height)
    open_sky = 0.55 + 0.45 / norm
    tint = _reflectance(noise, x, y, height, steep)
    # Light reflected between the slopes; without it the shadows would be plain blue.
    bounce = colour(0.10, 0.08, 0.06)
    lit: Array = tint * (sun[:, None] * SUNLIGHT + open_sky[:, None] * SKYLIGHT + bounce)
    return lit


def forest_density(noise: Noise, x: Array, y: Array, height: Array) -> Array:
    """Return the density of the forest, 0...1: it has patches, and ends at the tree line."""
    broad = noise.fractal(x / 210.0 + 5.0, y / 210.0, 4)
    line = smoothstep(470.0, 330.0, height + 150.0 * broad)
    return line * smoothstep(0.32, 0.02, broad) * smoothstep(0.6, 4.5, height)


def _reflectance(noise: Noise, x: Array, y: Array, height: Array, steep: Array) -> Array:
    """Return the reflectance (n, 3): shore, meadow, wood, rock and snow, from low to high."""
    grain = noise.fractal(x / 24.0, y / 24.0, 5, 0.6)
    broad = noise.fractal(x / 210.0 + 5.0, y / 210.0, 4)
    rock = _rock(noise, x, height, grain)
    grass = mix(
        _uniform(x, 0.13, 0.16, 0.035), colour(0.30, 0.26, 0.07), smoothstep(-0.5, 0.6, grain)
    )
    wood = mix(
        _uniform(x, 0.018, 0.045, 0.022), colour(0.075, 0.10, 0.03), smoothstep(-0.5, 0.7, grain)
    )
    tint = mix(grass, wood, forest_density(noise, x, y, height) * smoothstep(230.0, 420.0, y))
    tint = mix(tint, rock, smoothstep(0.55, 0.95, steep + 0.25 * grain))
    tint = mix(tint, rock, smoothstep(330.0, 560.0, height + 170.0 * broad + 60.0 * grain))
    cover = smoothstep(560.0, 800.0, height + 200.0 * broad + 70.0 * grain - 260.0 * (steep - 0.8))
    tint = mix(tint, colour(0.88, 0.90, 0.95), cover)
    return mix(_uniform(x, 0.24, 0.20, 0.14), tint, smoothstep(0.15, 0.9, height + 0.3 * grain))


def _rock(noise: Noise, x: Array, height: Array, grain: Array) -> Array:
    """Return the reflectance (n, 3) of rock in nearly horizontal layers."""
    beds = noise(x / 900.0, height / 34.0 + 2.0 * grain)
    dark = _uniform(x, 0.12, 0.105, 0.10)
    return mix(dark, colour(0.30, 0.26, 0.225), smoothstep(-0.6, 0.7, beds + 0.5 * grain))


def _uniform(like: Array, red: float, green: float, blue: float) -> Array:
    return np.broadcast_to(colour(red, green, blue), (*like.shape, 3))
