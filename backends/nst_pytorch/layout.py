"""Conversion between NumPy's (H, W, 3) images and the (1, 3, H, W) tensors of the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nst_core.arrays import Array, Image
from nst_core.backend import MEAN, STD


def to_tensor(array: Array, *, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return a copy of ``array`` (H, W, 3) as a channels_last tensor (1, 3, H, W)."""
    tensor = torch.tensor(np.ascontiguousarray(array), device=device, dtype=dtype)
    # The permuted view is channels_last already; contiguous() fixes the strides of odd shapes.
    return tensor.permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)


def to_array(tensor: Tensor) -> Array:
    """Return a copy of ``tensor`` (1, 3, H, W) as an array (H, W, 3); waits for its values."""
    array: np.ndarray[Any, Any] = tensor.detach()[0].permute(1, 2, 0).cpu().numpy()
    return np.array(array, order="C")


def normalise(image: Image, *, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return the normalised image (1, 3, H, W): (image - MEAN) / STD."""
    tensor = to_tensor(image, device=device, dtype=dtype)
    return (tensor - per_channel(MEAN, tensor)) / per_channel(STD, tensor)


def denormalise(x: Tensor) -> Tensor:
    """Return the image (1, 3, H, W) in [0, 1], not clipped, of a normalised one."""
    return x * per_channel(STD, x) + per_channel(MEAN, x)


def per_channel(values: tuple[float, float, float], like: Tensor) -> Tensor:
    """Return three numbers, one per channel, as a tensor (1, 3, 1, 1)."""
    return torch.tensor(values, device=like.device, dtype=like.dtype).view(1, 3, 1, 1)
