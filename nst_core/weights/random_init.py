"""Seeded random weights: for tests and benchmarks, where any VGG-19 will do."""

from __future__ import annotations

import math

import numpy as np

from nst_core.arrays import Array
from nst_core.errors import WeightsError
from nst_core.weights.canonical import SHAPES, Weights

LARGEST_SEED = 2**64 - 1


def load_random(source: str) -> Weights:
    """Draw all weights anew; they keep activations of order 1 from the input to the last layer.

    He et al., "Delving Deep into Rectifiers" (2015, arXiv:1502.01852), eq. 10: kernels from a
    normal distribution of variance 2 / (9 I), biases zero. All layers are drawn, in canonical
    order, so the values don't depend on which taps are used.

    Args:
        source: ``random`` (seed 0) or ``random:SEED`` with a whole number of 0 ... 2**64 - 1.

    Raises:
        WeightsError: any other seed.
    """
    generator = np.random.Generator(np.random.PCG64(seed(source)))
    arrays: dict[str, Array] = {}
    for name, shape in SHAPES.items():
        if len(shape) == 1:
            arrays[name] = np.zeros(shape, dtype=np.float32)
            continue
        # Drawn in float64, rounded at the end: the tails of the distribution go through the C
        # library's log1p and exp, whose last bit differs between platforms; float32 hides it.
        draw = generator.standard_normal(shape)
        draw *= math.sqrt(2 / math.prod(shape[1:]))
        arrays[name] = draw.astype(np.float32)
    return Weights(arrays, source=source)


def seed(source: str) -> int:
    """Return the seed that ``random`` or ``random:SEED`` names; see ``load_random``."""
    _, colon, text = source.partition(":")
    if not colon:
        return 0
    # At most 20 digits: int() of thousands takes long or raises.
    if text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= LARGEST_SEED:
        return int(text)
    raise WeightsError(
        f"bad seed {text[:40]!r} for random weights: expected a whole number of 0 ... 2**64 - 1, "
        "as in random:7"
    )
