"""The sky, clouds and haze of the demo landscape, in linear light."""

from __future__ import annotations

import numpy as np

from nst_core.demo._noise import Array, Noise, colour, mix, smoothstep

SUNLIGHT = colour(2.75, 1.95, 1.12)
SKYLIGHT = colour(0.30, 0.42, 0.66)

_ZENITH = colour(0.055, 0.19, 0.50)
_MIDDLE = colour(0.25, 0.46, 0.78)
_HORIZON = colour(1.00, 0.80, 0.56)
_GLOW = colour(1.45, 0.86, 0.38)


def clear_sky(sideways: Array, upward: Array) -> Array:
    """Return the cloudless sky (..., 3) in the directions given by two tangents (...)."""
    high = smoothstep(0.02, 0.46, upward)
    sky = mix(np.broadcast_to(_MIDDLE, (*upward.shape, 3)), _ZENITH, high)
    sky = mix(sky, _HORIZON, 0.75 * np.exp(-np.maximum(upward, 0.0) / 0.13))
    away = np.hypot((sideways + 0.50) / 0.75, (upward - 0.13) / 0.34)
    lit: Array = sky + _GLOW * (0.45 * np.exp(-(away**2) * 1.6))[..., None]
    return lit


def cloudy_sky(noise: Noise, sideways: Array, upward: Array) -> Array:
    """Return the sky (..., 3) with cirrus clouds behind cumulus clouds."""
    sky = clear_sky(sideways, upward)
    streak = _cirrus(noise, sideways, upward)
    sky = mix(sky, colour(1.15, 0.98, 0.84), 0.50 * streak)
    density = _cumulus(noise, sideways, upward)
    toward = _cumulus(noise, sideways - 0.034, upward + 0.026)
    lit = np.clip(0.54 + 1.8 * (density - toward) - 0.75 * (density - 0.35), 0.0, 1.0)
    shade = mix(np.broadcast_to(colour(0.24, 0.29, 0.43), sky.shape), colour(1.90, 1.45, 0.98), lit)
    return mix(sky, shade, smoothstep(0.05, 0.42, density) * 0.96)


def _cirrus(noise: Noise, sideways: Array, upward: Array) -> Array:
    """Return the density of cirrus clouds, 0...1, on a horizontal plane seen in perspective."""
    far = 1.0 / np.maximum(upward + 0.10, 0.03)
    x, y = sideways * far * 1.1, far * 1.9
    bend = noise.fractal(x * 0.6, y * 0.6 + 3.0, 3)
    sheet = noise.fractal(x * 0.8 + bend + 20.0, y * 1.5 + bend * 0.8, 6, 0.55)
    return smoothstep(0.0, 0.55, sheet) * smoothstep(0.05, 0.2, upward)


def _cumulus(noise: Noise, sideways: Array, upward: Array) -> Array:
    """Return the density of cumulus clouds, about 0...1."""
    x, y = sideways * 2.7 + 4.6, upward * 5.2 + 1.7
    bend_x = noise.fractal(x * 1.3 + 7.0, y * 1.3, 4)
    bend_y = noise.fractal(x * 1.3, y * 1.3 + 13.0, 4)
    puff = noise.fractal(x + 0.30 * bend_x, y + 0.30 * bend_y, 7, 0.54)
    band = 0.22 - 1.0 * np.abs(upward - 0.30 + 0.10 * sideways)
    return np.clip(puff * 2.0 + band, 0.0, 1.2)


def with_haze(light: Array, sideways: Array, distance: Array, height: Array) -> Array:
    """Return ``light`` (..., 3) as seen through the haze between it and the viewer.

    Args:
        light: The colour without haze.
        sideways: The direction as a tangent; the haze is brighter towards the sun.
        distance: The distance in metres.
        height: The height over the lake in metres; the haze is thicker at low heights.
    """
    sun = smoothstep(0.55, -0.6, sideways)
    air = mix(np.broadcast_to(colour(0.50, 0.62, 0.80), light.shape), colour(0.92, 0.76, 0.66), sun)
    thick = 0.45 + 1.0 * np.exp(-np.maximum(height, 0.0) / 320.0)
    clearness = np.exp(-thick * np.maximum(distance - 150.0, 0.0) / 9500.0)
    return mix(air, light, clearness)
