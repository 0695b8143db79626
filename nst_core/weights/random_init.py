"""Random weights from a seed, for tests and benchmarks that don't depend on the values."""

from __future__ import annotations

import math

import numpy as np

from nst_core.arrays import Array
from nst_core.errors import WeightsError
from nst_core.weights.canonical import SHAPES, Weights

LARGEST_SEED = 2**64 - 1


def load_random(source: str) -> Weights:
    """Return random weights with which activations keep the order of magnitude 1 in all layers.

    He et al., "Delving Deep into Rectifiers" (2015, arXiv:1502.01852), eq. 10: kernels are drawn
    from a normal distribution of variance 2 / (9 I), where I is the number of input channels;
    biases are zero. All layers are drawn in canonical order, so the values don't depend on the
    taps.

    Args:
        source: ``random`` (seed 0) or ``random:SEED`` with an integer in 0 ... 2**64 - 1.

    Raises:
        WeightsError: the seed is another.
    """
    generator = np.random.Generator(np.random.PCG64(seed(source)))
    arrays: dict[str, Array] = {}
    for name, shape in SHAPES.items():
        if len(shape) == 1:
            arrays[name] = np.zeros(shape, dtype=np.float32)
            continue
        # Drawn in float64 and rounded to float32 at the end. For the tails of the distribution,
        # NumPy calls log1p and exp of the C library; their last bit differs between platforms, and
        # rounding to float32 removes this difference.
        draw = generator.standard_normal(shape)
        draw *= math.sqrt(2 / math.prod(shape[1:]))
        arrays[name] = draw.astype(np.float32)
    return Weights(arrays, source=source)


def seed(source: str) -> int:
    """Return the seed in ``random`` or ``random:SEED``.

    Raises:
        WeightsError: as for ``load_random``.
    """
    _, colon, text = source.partition(":")
    if not colon:
        return 0
    # The limit of 20 digits is checked first: int() of thousands of digits is slow or raises.
    if text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= LARGEST_SEED:
        return int(text)
    raise WeightsError(
        f"bad seed {text[:40]!r} for random weights: expected an integer from 0 to 2**64 - 1, "
        "as in random:7"
    )
