"""VGG-19 and the layout of images."""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nst_core.arrays import Array
from nst_core.backend import MEAN, STD, Architecture
from nst_core.vgg19 import layers_until


def to_tensor(image: Array, dtype: torch.dtype) -> Tensor:
    """Return an image (H, W, 3) as a tensor (1, 3, H, W), a copy; levels (N, 3) as (1, 3, N)."""
    return torch.tensor(np.moveaxis(image, -1, 0)[None].copy(), dtype=dtype)


def to_array(tensor: Tensor) -> Array:
    """Return a tensor (1, 3, H, W) as an array (H, W, 3), a copy; (1, 3, N) as (N, 3)."""
    array: Array = np.moveaxis(tensor.detach()[0].numpy(), 0, -1).copy()
    return array


def normalised(image: Tensor) -> Tensor:
    """Return (image - MEAN) / STD."""
    return (image - _per_channel(MEAN, image)) / _per_channel(STD, image)


def denormalised(x: Tensor) -> Tensor:
    """Return the inverse of ``normalised``, not clipped."""
    return x * _per_channel(STD, x) + _per_channel(MEAN, x)


def _per_channel(values: tuple[float, float, float], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype).view(1, 3, 1, 1)


class Network:
    """VGG-19 up to the last tap."""

    def __init__(
        self,
        weights: Mapping[str, Array],
        taps: Iterable[str],
        architecture: Architecture,
        dtype: torch.dtype,
    ) -> None:
        self._taps, self._architecture = tuple(taps), architecture
        self._layers = layers_until(self._taps)
        self._weights = {
            name: torch.tensor(np.ascontiguousarray(array), dtype=dtype)
            for name, array in weights.items()
        }

    def features(self, x: Tensor) -> dict[str, Tensor]:
        """Return tap -> features (C, H, W) of the normalised image x (1, 3, H, W)."""
        found = {}
        for layer in self._layers:
            x = self._apply(layer.name, layer.kind, x)
            if layer.name in self._taps:
                found[layer.name] = x[0]
        return found

    def _apply(self, name: str, kind: str, x: Tensor) -> Tensor:
        if kind == "relu":
            return torch.relu(x)  # not in place: the tap before it keeps its values
        if kind == "pool":
            average = self._architecture.pooling == "average"
            return (functional.avg_pool2d if average else functional.max_pool2d)(x, 2)
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        if name == "conv1_1" and self._architecture.padding == "replicate":
            x = functional.pad(x, (1, 1, 1, 1), mode="replicate")
            return functional.conv2d(x, weight, bias)
        return functional.conv2d(x, weight, bias, padding=1)
