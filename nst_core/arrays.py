"""The two array types that core and backends exchange."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""A float32 or float64 array of any shape."""

Image: TypeAlias = NDArray[np.floating[Any]]
"""(H, W, 3) RGB in sRGB, nominally in [0, 1] but not clipped; float32, or float64 in tests."""
