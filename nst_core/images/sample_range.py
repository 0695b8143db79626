"""The value that means white, for samples of which no format defines it, and scaling to 0...1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core.images.unsupported import UnsupportedKindError

_SLIGHT = 1 / 512
"""Floating-point values this far beyond 0...1 change no 8-bit value."""


def scaled(values: NDArray[Any], *, bits: int) -> tuple[NDArray[np.float32], list[str]]:
    """Return samples as 0 (black) ... 1 (white), clipped, and what was assumed.

    - Unsigned integers of up to 31 bits: white is the largest number of these bits.
    - Unsigned and signed integers of 32 and 64 bits: white is 65535, since they most often hold
      16-bit values; the largest number of these bits if a value exceeds 65535.
    - Signed integers of up to 31 bits: black is 0, white is the largest number, e.g. 32767 of 16
      bits. Negative values are black.
    - Floating-point numbers: white is 1 if no value exceeds 2, else 255 if none exceeds 510, else
      65535, because values may overshoot white. Negative values are black.

    Args:
        values: Samples of any shape and type.
        bits: Bits per sample in the file; 12 bits are stored in ``uint16``.

    Returns:
        The scaled samples, float32, and lines for the user.

    Raises:
        UnsupportedKindError: floating-point values are NaN or infinite.
    """
    lines: list[str] = []
    if values.dtype.kind == "f":
        values = _finite(values)
        white, lines = _floating_point_white(float(values.min()), float(values.max()))
    else:
        top, low = int(values.max()), int(values.min())
        white = 2.0 ** (bits - (values.dtype.kind == "i")) - 1
        if bits >= 32 and top <= 65535:
            white = 65535.0
            lines.append(f"its {bits}-bit values reach only {top}: taken as 0...65535")
        if low < 0:
            lines.append(f"its values go down to {low}: everything below 0 is black")
    return np.clip(values.astype(np.float32, copy=False) / np.float32(white), 0, 1), lines


def _finite(values: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        result: NDArray[np.float32] = values.astype(np.float32, copy=False)
    if not np.isfinite(result).all():
        raise UnsupportedKindError(
            "it holds NaN or infinite values; replace them by numbers and save it again"
        )
    return result


def _floating_point_white(low: float, top: float) -> tuple[float, list[str]]:
    white = 1.0 if top <= 2 else 255.0 if top <= 510 else 65535.0
    if white == 1 and low >= -_SLIGHT and top <= 1 + _SLIGHT:
        return white, []
    return white, [
        f"its floating-point values go from {low:.6g} to {top:.6g}: taken as 0...{white:g}, "
        "and clipped there"
    ]
