"""A change of variables that lets an optimiser move broad shapes as easily as single pixels."""

from __future__ import annotations

import numpy as np

from nst_core.arrays import Array

CORNER = 0.1
"""Frequency in cycles per pixel above which frequencies are damped.

It measured best among 0.03, 0.1 and 0.3. It depends on the network, whose first filters are a few
pixels wide, and not on the size of the picture.
"""


class Smoothing:
    """The linear map L from a variable z to the normalised image y = L z.

    L multiplies each spatial frequency f (in cycles per pixel) of each channel by
    (1 + f / CORNER)^-exponent. L is symmetric, so the gradient with respect to z is L times the
    gradient with respect to y. L is invertible, so z can reach every image. Where an optimiser
    over y takes the step d, the same optimiser over z takes L^2 d: L is a preconditioner. Losses
    of convolutional features are steep in fine detail and flat in broad shapes; L makes them more
    alike. Olah, Mordvintsev and Schubert, "Feature Visualization" (2017), use whitened frequencies
    for the same reason.

    Args:
        height: Height of the image, in pixels.
        width: Width of the image, in pixels.
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
        """Return the z of y = L z for an array (H, W, 3), in its dtype."""
        return self._filtered(y, 1 / self._factor)

    def transpose(self, gradient: Array) -> Array:
        """Return L^T gradient, which is L gradient: L is symmetric."""
        return self.apply(gradient)

    def _filtered(self, array: Array, factor: Array) -> Array:
        # NumPy's FFT computes in float64 for every input dtype. This makes undo exact enough.
        spectrum = np.fft.rfft2(array, axes=(0, 1))
        spectrum *= factor
        filtered = np.fft.irfft2(spectrum, s=self._shape, axes=(0, 1))
        return np.asarray(filtered, dtype=array.dtype)
