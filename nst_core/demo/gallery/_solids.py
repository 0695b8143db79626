"""Solids of revolution seen from the front, lit from the upper left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nst_core.demo._noise import Array, colour, mix, smoothstep

_LIGHT = np.array([-0.52, -0.50, 0.69], np.float32)
_SKY = np.array([0.0, -1.0, 0.25], np.float32) / np.float32(1.03)


@dataclass(frozen=True, slots=True)
class Solid:
    """A solid of revolution; lengths are in units of the plane.

    Attributes:
        middle: x of its axis.
        top: y of its top.
        foot: y of its foot.
        profile: Radii at even steps from the top to the foot.
        gloss: Strength of the highlight, 0...1.
        tilt: By how much x shifts per unit of y.
    """

    middle: float
    top: float
    foot: float
    profile: Sequence[float]
    gloss: float = 0.3
    tilt: float = 0.0

    def place(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        """Return coverage, the position around (-1...1), and that from top to foot (0...1)."""
        down = (y - self.top) / (self.foot - self.top)
        radius = self._radius(down)
        across = (x - self.middle - self.tilt * (y - self.foot)) / np.maximum(radius, 1e-4)
        edge = smoothstep(0.0, 0.003, (1 - np.abs(across)) * radius)
        return edge * ((down >= 0) & (down <= 1)), np.clip(across, -1, 1), np.clip(down, 0, 1)

    def _radius(self, down: Array) -> Array:
        steps = np.linspace(0, 1, len(self.profile))
        fine = np.linspace(0, 1, 256)
        radii = np.interp(fine, steps, self.profile)
        window = np.hanning(25)
        padded = np.pad(radii, 12, mode="edge")
        smooth = np.convolve(padded, window / window.sum(), mode="valid")
        # The ends stay round: a smoothed profile would not close.
        radii = np.where((fine < 0.06) | (fine > 0.97), np.minimum(radii, smooth), smooth)
        radius: Array = np.interp(down, fine, radii).astype(np.float32)
        return radius

    def shaded(
        self, x: Array, y: Array, paint: Array, under: Array, bump: Array | None = None
    ) -> Array:
        """Return the plane ``under`` (..., 3) with the solid in front, in the colours ``paint``."""
        cover, across, down = self.place(x, y)
        height = self.foot - self.top
        step = np.float32(0.01)
        slope = (self._radius(down + step) - self._radius(down - step)) / (2 * step * height)
        deep = np.sqrt(np.maximum(1 - across**2, 0))
        normal = np.stack([across, np.clip(-slope, -4, 4), deep], axis=-1)
        if bump is not None:
            normal = normal + 0.25 * np.stack([bump, np.roll(bump, 7, axis=0), 0 * bump], axis=-1)
        normal = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
        diffuse = (normal @ _LIGHT).clip(0)
        around = 0.30 + 0.18 * (normal @ _SKY)
        bounce = 0.16 * normal[..., 1].clip(0)[..., None] * colour(0.9, 0.75, 0.55)
        half = (_LIGHT + np.array([0, 0, 1], np.float32)) / np.float32(1.84)
        shine = (normal @ half).clip(0) ** 60 * self.gloss
        rim = 0.10 * smoothstep(0.55, 0.0, deep)
        lit = paint * (around + 0.92 * diffuse - rim)[..., None] + bounce * paint
        lit = lit + shine[..., None] * colour(1.0, 0.97, 0.90)
        return mix(under, lit, cover)


def cast_shadow(under: Array, x: Array, y: Array, solid: Solid, *, length: float = 1.0) -> Array:
    """Return a plane (..., 3) with the soft shadow of a solid, to the lower right of its foot."""
    radius = max(solid.profile)
    dx = (x - solid.middle - radius * 0.75 * length) / (radius * (1.15 + 0.5 * length))
    dy = (y - solid.foot + 0.10 * radius) / (0.33 * radius)
    dark = 0.62 * np.exp(-((dx**2 + dy**2) ** 1.1))
    contact_x = (x - solid.middle) / (radius * 0.9)
    contact = 0.5 * np.exp(-(contact_x**2) - ((y - solid.foot) / (0.09 * radius)) ** 2)
    return under * (1 - np.maximum(dark, contact))[..., None]
