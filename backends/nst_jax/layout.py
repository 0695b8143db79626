"""Conversion between NumPy's images and JAX's arrays, which have the same order, (H, W, 3).

The channels are last in the whole network: XLA's convolutions on a CPU are faster so.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nst_core.arrays import Array, Image
from nst_core.backend import MEAN, STD, DType
from nst_jax._framework import Tensor


def to_tensor(array: Array, *, device: Any, dtype: str) -> Tensor:
    """Return a copy of ``array`` on a device, in ``dtype``."""
    # A copy by NumPy: on a CPU JAX may use the memory of the array that it is given.
    return jax.device_put(np.array(array, dtype=dtype, order="C"), device)


def to_array(tensor: Tensor) -> Array:
    """Return a copy of ``tensor`` as an array; waits for its values."""
    return np.array(tensor, order="C")


def normalise(image: Image, *, device: Any, dtype: DType) -> Tensor:
    """Return the normalised image (H, W, 3): (image - MEAN) / STD."""
    values = np.asarray(image, dtype)
    normalised = (values - np.asarray(MEAN, dtype)) / np.asarray(STD, dtype)
    return to_tensor(normalised, device=device, dtype=dtype)


def denormalise(x: Tensor) -> Array:
    """Return the image (H, W, 3) in [0, 1], not clipped, of a normalised one; waits for it."""
    values = to_array(x)
    image: Array = values * np.asarray(STD, values.dtype) + np.asarray(MEAN, values.dtype)
    return image


def per_channel(values: tuple[float, float, float], like: Tensor) -> Tensor:
    """Return three numbers, one per channel, in the dtype of ``like``."""
    return jnp.asarray(values, like.dtype)
