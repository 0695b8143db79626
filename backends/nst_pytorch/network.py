"""VGG-19's features: the layers up to the last tap, frozen, with every tap kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from nst_core.arrays import Array
from nst_core.vgg19 import layers_until


class Network:
    """VGG-19 cut after the deepest of ``taps``.

    The weights are constants: no gradient is computed for them, which about halves the backward
    pass. ReLUs are out of place, so that a convolution's tap is what the convolution put out.

    Args:
        weights: Canonical arrays, ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,), ...
        taps: Names of the taps to keep; at least one.
        device: Where to compute.
        dtype: In what to compute.
    """

    def __init__(
        self,
        weights: Mapping[str, Array],
        *,
        taps: Sequence[str],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.taps = tuple(taps)
        self.layers = layers_until(taps)
        self._parameters = {
            layer.name: (
                # channels_last throughout: the fastest layout of both oneDNN and cuDNN here.
                _tensor(weights[f"{layer.name}.weight"], device, dtype).contiguous(
                    memory_format=torch.channels_last
                ),
                _tensor(weights[f"{layer.name}.bias"], device, dtype),
            )
            for layer in self.layers
            if layer.kind == "conv"
        }

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        """Return tap -> features (1, C, H, W) of the normalised image ``x`` (1, 3, H, W)."""
        features = {}
        for layer in self.layers:
            if layer.kind == "conv":
                weight, bias = self._parameters[layer.name]
                x = functional.conv2d(x, weight, bias, padding=1)
            elif layer.kind == "relu":
                x = functional.relu(x)
            else:
                x = functional.max_pool2d(x, kernel_size=2, stride=2)
            if layer.name in self.taps:
                features[layer.name] = x
        return features


def _tensor(array: Array, device: torch.device, dtype: torch.dtype) -> Tensor:
    # torch.tensor copies: canonical arrays are read-only and shared between backends.
    return torch.tensor(array, device=device, dtype=dtype)
