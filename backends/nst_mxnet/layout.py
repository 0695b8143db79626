"""Conversion between NumPy's (H, W, 3) images and the (1, 3, H, W) arrays of the network.

On the CPU MXNet's convolutions take only NCHW. Between them oneDNN uses its own blocked layout, so
there is no layout to choose here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nst_core.arrays import Array, Image
from nst_core.backend import MEAN, STD, DType
from nst_mxnet._framework import Context, Tensor, mx


def to_tensor(array: Array, *, device: Context, dtype: DType) -> Tensor:
    """Return a copy of ``array`` (H, W, 3) as an ``mx.np.ndarray`` (1, 3, H, W)."""
    # NumPy changes the order: asnumpy() and np.array() need C order anyway.
    planes = np.array(array.transpose(2, 0, 1)[None], dtype=dtype, order="C")
    with device:
        return mx.np.array(planes, dtype=dtype)


def to_array(tensor: Tensor) -> Array:
    """Return a copy of ``tensor`` (1, 3, H, W) as an array (H, W, 3); waits for its values."""
    array: np.ndarray[Any, Any] = tensor.asnumpy()[0].transpose(1, 2, 0)
    return np.array(array, order="C")


def normalise(image: Image, *, device: Context, dtype: DType) -> Tensor:
    """Return the normalised image (1, 3, H, W): (image - MEAN) / STD."""
    tensor = to_tensor(image, device=device, dtype=dtype)
    return (tensor - per_channel(MEAN, tensor)) / per_channel(STD, tensor)


def denormalise(x: Tensor) -> Tensor:
    """Return the image (1, 3, H, W) in [0, 1], not clipped, of a normalised one."""
    return x * per_channel(STD, x) + per_channel(MEAN, x)


def per_channel(values: tuple[float, float, float], like: Tensor) -> Tensor:
    """Return three numbers, one per channel, as an array (1, 3, 1, 1)."""
    return like_array(np.reshape(values, (1, 3, 1, 1)), like)


def like_array(array: Array, like: Tensor) -> Tensor:
    """Return a copy of ``array`` on the device of ``like``, with its dtype."""
    with device_of(like):
        return mx.np.array(array, dtype=like.dtype)


def device_of(tensor: Tensor) -> Context:
    """Return the device of an array."""
    return tensor.device if hasattr(tensor, "device") else tensor.ctx  # renamed in MXNet 2
