"""The two array types that cross the seam between core and backends."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""A float32 or float64 array of any shape."""

Image: TypeAlias = NDArray[np.floating[Any]]
"""(H, W, 3) RGB in sRGB, nominally [0, 1] and not clipped, float32 (float64 under test)."""
