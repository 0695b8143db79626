"""The transfer curve of sRGB (IEC 61966-2-1), between the values of a file and linear light."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def srgb_to_linear(values: NDArray[Any]) -> NDArray[Any]:
    """Return linear light for sRGB values, both in [0, 1]."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(values: NDArray[Any]) -> NDArray[Any]:
    """Return sRGB values for linear light, both in [0, 1]."""
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)
