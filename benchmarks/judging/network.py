"""VGG-19's features, by plain PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
import torch
from torch.nn import functional

from nst_core import weights
from nst_core.arrays import Array, Image
from nst_core.vgg19 import layers_until

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@cache
def _weights() -> Mapping[str, Array]:
    return weights.load("bundled")


def features(image: Image, taps: Iterable[str]) -> dict[str, torch.Tensor]:
    """Return tap -> features (C, H, W) float32 of an image (H, W, 3) in [0, 1]."""
    wanted = set(taps)
    normalised = ((image - np.array(_MEAN)) / np.array(_STD)).astype(np.float32)
    values = torch.from_numpy(np.ascontiguousarray(normalised.transpose(2, 0, 1)))[None]
    found = {}
    with torch.no_grad():
        for layer in layers_until(wanted):
            if layer.kind == "conv":
                kernel, bias = (
                    torch.tensor(_weights()[f"{layer.name}.{part}"]) for part in ("weight", "bias")
                )
                values = functional.conv2d(values, kernel, bias, padding=1)
            elif layer.kind == "relu":
                values = functional.relu(values)
            else:
                values = functional.max_pool2d(values, 2)
            if layer.name in wanted:
                found[layer.name] = values[0]
    return found
