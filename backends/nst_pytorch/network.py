"""VGG-19's features up to the last tap, and the gradient of what is made of them.

The weights are constants, so the backward pass needs no activations: only which values the ReLUs
let through, which ones the poolings chose, and the taps. It is written out here, without autograd,
so that nothing else is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from nst_core.arrays import Array
from nst_core.backend import PLAIN_VGG, Architecture
from nst_core.vgg19 import Layer, layers_until
from nst_pytorch.heads import Head
from nst_pytorch.maps import EVERYWHERE, FeatureMap, Features, Place
from nst_pytorch.padding import replicated, replicated_backward
from nst_pytorch.pooling import average_unpooled, max_pooled, max_unpooled

Visit = Callable[[str, Features, Place], None]
"""Is shown a tap's features, or a part of them, and where in the whole map it lies."""


class Evaluated(NamedTuple):
    """Every head with its weighted loss (), and the gradient of the total (1, 3, H, W)."""

    losses: list[tuple[Head, Tensor]]
    gradient: Tensor


class Network:
    """VGG-19 cut after the deepest of ``taps``.

    Args:
        weights: Canonical arrays, ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,), ...
        taps: Names of the taps to keep; at least one.
        device: Where to compute.
        dtype: In what to compute.
        architecture: How it pools and pads.
        convolutions: In what to convolve and to hand on; ``dtype`` by default. Taps, what heads add
            and the image's gradient are in ``dtype``.
        checkpointing: Whether each block's forward pass is computed again in the backward pass,
            so that only one block's memory is held.
    """

    def __init__(
        self,
        weights: Mapping[str, Array],
        *,
        taps: Sequence[str],
        device: torch.device,
        dtype: torch.dtype,
        architecture: Architecture = PLAIN_VGG,
        convolutions: torch.dtype | None = None,
        checkpointing: bool = False,
    ) -> None:
        self.architecture = architecture
        self.taps = frozenset(taps)
        self.checkpointing = checkpointing
        self._dtype = dtype
        compute = convolutions or dtype
        layers = layers_until(taps)
        # cuDNN adds the bias and takes the ReLU while it writes a convolution's values out.
        self._fused = frozenset(
            f"relu{layer.name[4:]}"
            for layer in layers
            if device.type == "cuda"
            and compute != torch.float64
            and layer.kind == "conv"
            and layer.name not in self.taps
            and layer is not layers[-1]
        )
        # A block ends with its pooling.
        self.blocks = [
            list(block)
            for _, block in groupby(layers, key=lambda layer: layer.poolings - _is_pool(layer))
        ]
        self._parameters = {
            layer.name: (
                # channels_last throughout: the fastest layout of both oneDNN and cuDNN here.
                _tensor(weights[f"{layer.name}.weight"], device, compute).contiguous(
                    memory_format=torch.channels_last
                ),
                _tensor(weights[f"{layer.name}.bias"], device, compute),
            )
            for layer in layers
            if layer.kind == "conv"
        }

    @cached_property
    def _turned(self) -> Mapping[str, Tensor]:
        """Layer -> the kernels of its gradient; a network that is only visited needs none."""
        return {name: _turned(weight) for name, (weight, _) in self._parameters.items()}

    @torch.no_grad()
    def visit(self, x: Tensor, see: Visit) -> None:
        """Show ``see`` each tap's features of ``x`` (1, 3, H, W), which it must not keep."""
        for block in self.blocks:
            x = self._forward(block, x, see=see)

    @torch.no_grad()
    def evaluate(self, x: Tensor, heads: Mapping[str, Sequence[Head]]) -> Evaluated:
        """Return the losses that ``heads``, by tap, find in ``x`` (1, 3, H, W), and a gradient."""
        records: list[_Record] = []
        inputs = []
        for block in self.blocks:
            inputs.append(x)
            record = _Record()
            x = self._forward(block, x, record=record)
            records.append(_Record() if self.checkpointing else record)
        losses: list[tuple[Head, Tensor]] = []
        gradient = torch.zeros_like(x, memory_format=torch.channels_last)
        del x
        for block in reversed(self.blocks):
            record, x = records.pop(), inputs.pop()
            if self.checkpointing:
                self._forward(block, x, record=record)
            gradient = self._backward(block, gradient, record, heads=heads, losses=losses)
        return Evaluated(losses, gradient.to(self._dtype))

    def _forward(
        self,
        block: Sequence[Layer],
        x: Tensor,
        *,
        see: Visit | None = None,
        record: _Record | None = None,
    ) -> Tensor:
        for layer in block:
            if layer.kind == "conv":
                x = self._convolve(layer, x)
            elif layer.kind == "relu":
                if layer.name not in self._fused:
                    # In place, unless what the convolution put out is a tap.
                    x = torch.relu(x) if f"conv{layer.name[4:]}" in self.taps else torch.relu_(x)
                if record is not None and layer.name not in self.taps:
                    record.masks[layer.name] = x > 0
            else:
                if record is not None:
                    record.shapes[layer.name] = x.shape
                x = self._pool(layer, x, record)
            if layer.name in self.taps:
                features = FeatureMap.of(x.to(self._dtype))
                x = features.image if x.dtype == self._dtype else x
                if see is not None:
                    see(layer.name, features, EVERYWHERE)
                if record is not None:
                    record.features[layer.name] = features
        return x

    def _convolve(self, layer: Layer, x: Tensor) -> Tensor:
        weight, bias = self._parameters[layer.name]
        x, padding = x.to(weight.dtype), 1
        if self._replicates(layer):
            x, padding = replicated(x), 0
        if f"relu{layer.name[4:]}" in self._fused:
            found: Tensor = torch.cudnn_convolution_relu(
                x, weight, bias, [1, 1], [padding] * 2, [1, 1], 1
            )
            return found
        return functional.conv2d(x, weight, bias, padding=padding)

    def _pool(self, layer: Layer, x: Tensor, record: _Record | None) -> Tensor:
        if self.architecture.pooling == "average":
            return functional.avg_pool2d(x, 2)
        pooled, codes = max_pooled(x)
        if record is not None:
            record.codes[layer.name] = codes
        return pooled

    def _backward(
        self,
        block: Sequence[Layer],
        gradient: Tensor,
        record: _Record,
        *,
        heads: Mapping[str, Sequence[Head]],
        losses: list[tuple[Head, Tensor]],
    ) -> Tensor:
        for layer in reversed(block):
            features = record.features.pop(layer.name, None)
            if features is not None:
                into = FeatureMap.of(gradient.to(self._dtype))
                gradient = into.image
                for head in heads.get(layer.name, ()):
                    loss, add = head(features)
                    add(into.whole, features.whole, EVERYWHERE)
                    losses.append((head, loss))
            if layer.kind == "conv":
                gradient = self._input_gradient(layer, gradient)
            elif layer.kind == "relu":
                through = record.masks.pop(layer.name) if features is None else features.image > 0
                gradient = gradient.mul_(through)
            elif self.architecture.pooling == "average":
                gradient = average_unpooled(gradient, record.shapes[layer.name])
            else:
                codes = record.codes.pop(layer.name)
                gradient = max_unpooled(gradient, codes, record.shapes[layer.name])
        return gradient

    def _input_gradient(self, layer: Layer, gradient: Tensor) -> Tensor:
        weight = self._turned[layer.name]
        replicates = self._replicates(layer)
        found = functional.conv2d(gradient.to(weight.dtype), weight, padding=1 + replicates)
        found = found[:, : layer.in_channels]
        return replicated_backward(found) if replicates else found

    def _replicates(self, layer: Layer) -> bool:
        return layer.name == "conv1_1" and self.architecture.padding == "replicate"


class _Record:
    """What the backward pass needs of one block."""

    def __init__(self) -> None:
        self.features: dict[str, FeatureMap] = {}
        self.masks: dict[str, Tensor] = {}
        self.codes: dict[str, Tensor] = {}
        self.shapes: dict[str, torch.Size] = {}


def _is_pool(layer: Layer) -> int:
    return int(layer.kind == "pool")


def _turned(weight: Tensor) -> Tensor:
    """Return kernels (I', O, 3, 3) by which the gradient of a convolution is one.

    They are those of ``weight`` (O, I, 3, 3) turned about, their channels swapped: the libraries
    compute gradients so at least as fast, and cuDNN to the same bits in each run. On CUDA I' is I
    and more, all zero, up to a multiple of 8: for the three channels of an image alone cuDNN has
    no kernel that uses tensor cores.
    """
    turned = weight.flip(2, 3).transpose(0, 1)
    if weight.is_cuda:
        turned = functional.pad(turned, (0, 0, 0, 0, 0, 0, 0, -weight.shape[1] % 8))
    return turned.contiguous(memory_format=torch.channels_last)


def _tensor(array: Array, device: torch.device, dtype: torch.dtype) -> Tensor:
    # torch.tensor copies: canonical arrays are read-only and shared between backends.
    return torch.tensor(array, device=device, dtype=dtype)
