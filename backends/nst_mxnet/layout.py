"""Between NumPy's (H, W, 3) images and the (1, 3, H, W) arrays that the network takes.

MXNet's convolutions know only NCHW on the CPU. oneDNN keeps its own blocked layout between them,
so there is nothing to choose here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nst_core.arrays import Array, Image
from nst_core.backend import MEAN, STD, DType
from nst_mxnet._framework import Context, Tensor, mx


def to_tensor(array: Array, *, device: Context, dtype: DType) -> Tensor:
    """Return a copy of ``array`` (H, W, 3) as an ``mx.np.ndarray`` (1, 3, H, W)."""
    # The order is changed on NumPy's side: asnumpy() and np.array() want C order anyway.
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
    return (tensor - channels(MEAN, tensor)) / channels(STD, tensor)


def denormalise(x: Tensor) -> Tensor:
    """Return the image (1, 3, H, W) in [0, 1], not clipped, of a normalised one."""
    return x * channels(STD, x) + channels(MEAN, x)


def channels(values: tuple[float, float, float], like: Tensor) -> Tensor:
    """Return three numbers, one a channel, as an array (1, 3, 1, 1)."""
    return like_array(np.reshape(values, (1, 3, 1, 1)), like)


def like_array(array: Array, like: Tensor) -> Tensor:
    """Return a copy of ``array`` with the dtype of ``like``, on its device."""
    with device_of(like):
        return mx.np.array(array, dtype=like.dtype)


def device_of(tensor: Tensor) -> Context:
    """Return where an array is."""
    return tensor.device if hasattr(tensor, "device") else tensor.ctx  # renamed in MXNet 2
