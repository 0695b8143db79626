"""A change of variables that lets an optimiser move broad shapes as easily as single pixels."""

from __future__ import annotations

import numpy as np

from nst_core.arrays import Array

CORNER = 0.1
"""Cycles a pixel, above which frequencies are damped: measured best of 0.03, 0.1 and 0.3.

It belongs to the network, whose first filters are a few pixels wide, and so to no picture's size.
"""


class Smoothing:
    """The linear map L from a variable z to the normalised image y = L z.

    L multiplies each spatial frequency f, in cycles a pixel, of each channel by
    (1 + f / CORNER)^-exponent. It is symmetric, so the gradient with respect to z is L times that
    with respect to y; and it can be undone, so nothing is out of z's reach. An optimiser over z
    takes L^2 d where it would take d over y, which is a preconditioner: losses of convolutional
    features are steep in fine detail and flat in broad shapes, and this evens it out. After Olah,
    Mordvintsev and Schubert, "Feature Visualization" (2017), who go to whitened frequencies for
    the same reason.

    Args:
        height: Of the image, in pixels.
        width: Likewise.
        exponent: Above 0.
    """

    def __init__(self, *, height: int, width: int, exponent: float) -> None:
        rows, columns = np.fft.fftfreq(height, 1.0)[:, None], np.fft.rfftfreq(width, 1.0)[None, :]
        frequency = np.hypot(rows, columns)[:, :, None]
        self._shape = (height, width)
        self._factor = (1 + frequency / CORNER) ** -exponent

    def apply(self, z: Array) -> Array:
        """Return L z for an array (H, W, 3), in its dtype."""
        return self._filtered(z, self._factor)

    def undo(self, y: Array) -> Array:
        """Return z of y = L z, likewise."""
        return self._filtered(y, 1 / self._factor)

    def _filtered(self, array: Array, factor: Array) -> Array:
        # NumPy computes in float64 whatever it is given, which keeps undo exact enough.
        spectrum = np.fft.rfft2(array, axes=(0, 1))
        spectrum *= factor
        back = np.fft.irfft2(spectrum, s=self._shape, axes=(0, 1))
        return np.asarray(back, dtype=array.dtype)
