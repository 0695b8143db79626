"""VGG-19 by the libraries' own convolutions, up to the last tap, with its gradient.

The weights are constants. So the backward pass needs no activations but the taps; it needs only
which values the ReLUs passed and which ones the poolings chose. It is written out here, without
autograd, so that nothing else is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from nst_core.arrays import Array
from nst_core.backend import PLAIN_VGG, Architecture
from nst_core.vgg19 import Layer, blocks, layers_until
from nst_pytorch.feature_map import ALL, FeatureMap
from nst_pytorch.joint_loss import JointLoss, JointSums, with_parts
from nst_pytorch.loss_network import FeatureCallback, NetworkEvaluation
from nst_pytorch.loss_terms import LossTerm, TermLosses
from nst_pytorch.padding import replicate_pad, replicate_pad_backward
from nst_pytorch.pooling import average_pool_backward, max_pool, max_pool_backward


class Network:
    """VGG-19 cut after the deepest of ``taps``.

    Args:
        weights: Canonical arrays, ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,), ...
        taps: Names of the taps; at least one.
        device: Where to compute.
        dtype: The dtype of the taps, of the terms' gradients and of the image's gradient.
        architecture: How the network pools and pads.
        convolutions: The dtype of the convolutions and of what lies between them; ``dtype`` by
            default.
        checkpointing: Whether the backward pass computes each block's forward pass again, so that
            only one block's memory is held.
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
        # cuDNN adds the bias and applies the ReLU while it writes a convolution's output.
        self._fused = frozenset(
            layer.relu
            for layer in layers
            if device.type == "cuda"
            and compute != torch.float64
            and layer.kind == "conv"
            and layer.name not in self.taps
            and layer is not layers[-1]
        )
        self.blocks = blocks(layers)
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
    def _flipped(self) -> Mapping[str, Tensor]:
        """Layer -> the kernels of its gradient; not needed where only ``forward`` is called."""
        return {name: _flip(weight) for name, (weight, _) in self._parameters.items()}

    def accepts(self, size: tuple[int, int]) -> bool:  # noqa: ARG002
        """Return whether it can compute images of ``size`` (H, W): always."""
        return True

    def threads(self) -> AbstractContextManager[None]:
        """Return a context in which PyTorch's operations use all cores, as they are."""
        return nullcontext()

    @torch.no_grad()
    def forward(self, x: Tensor, on_features: FeatureCallback) -> None:
        """Call ``on_features`` with each tap's features of ``x`` (1, 3, H, W)."""
        for block in self.blocks:
            x = self._forward_block(block, x, on_features=on_features)

    @torch.no_grad()
    def evaluate(
        self,
        x: Tensor,
        terms: Mapping[str, Sequence[LossTerm]],
        joint: Sequence[JointLoss] = (),
    ) -> NetworkEvaluation:
        """Return the losses at ``x`` (1, 3, H, W), and their gradient: see ``LossNetwork``."""
        records: list[_Record] = []
        inputs = []
        sums = JointSums(joint)
        for block in self.blocks:
            inputs.append(x)
            record = _Record()
            x = self._forward_block(block, x, record=record, on_features=sums.add)
            records.append(_Record() if self.checkpointing else record)
        losses, parts = sums.finish()
        terms = with_parts(terms, parts)
        gradient = torch.zeros_like(x, memory_format=torch.channels_last)
        del x
        for block in reversed(self.blocks):
            record, x = records.pop(), inputs.pop()
            if self.checkpointing:
                self._forward_block(block, x, record=record)
            gradient = self._backward_block(block, gradient, record, terms=terms, losses=losses)
        return NetworkEvaluation(losses, gradient.to(self._dtype))

    def _forward_block(
        self,
        block: Sequence[Layer],
        x: Tensor,
        *,
        on_features: FeatureCallback | None = None,
        record: _Record | None = None,
    ) -> Tensor:
        for layer in block:
            if layer.kind == "conv":
                x = self._convolve(layer, x)
            elif layer.kind == "relu":
                if layer.name not in self._fused:
                    # In place, unless the convolution's output is a tap.
                    x = torch.relu(x) if layer.conv in self.taps else torch.relu_(x)
                if record is not None and layer.name not in self.taps:
                    record.masks[layer.name] = x > 0
            else:
                if record is not None:
                    record.shapes[layer.name] = x.shape
                x = self._pool(layer, x, record)
            if layer.name in self.taps:
                features = FeatureMap.from_nchw(x.to(self._dtype))
                x = features.nchw if x.dtype == self._dtype else x
                if on_features is not None:
                    on_features(layer.name, features, ALL)
                if record is not None:
                    record.features[layer.name] = features
        return x

    def _convolve(self, layer: Layer, x: Tensor) -> Tensor:
        weight, bias = self._parameters[layer.name]
        x, padding = x.to(weight.dtype), 1
        if self._replicates(layer):
            x, padding = replicate_pad(x), 0
        if layer.relu in self._fused:
            found: Tensor = torch.cudnn_convolution_relu(
                x, weight, bias, [1, 1], [padding] * 2, [1, 1], 1
            )
            return found
        return functional.conv2d(x, weight, bias, padding=padding)

    def _pool(self, layer: Layer, x: Tensor, record: _Record | None) -> Tensor:
        if self.architecture.pooling == "average":
            return functional.avg_pool2d(x, 2)
        pooled, codes = max_pool(x)
        if record is not None:
            record.codes[layer.name] = codes
        return pooled

    def _backward_block(
        self,
        block: Sequence[Layer],
        gradient: Tensor,
        record: _Record,
        *,
        terms: Mapping[str, Sequence[LossTerm]],
        losses: TermLosses,
    ) -> Tensor:
        for layer in reversed(block):
            features = record.features.pop(layer.name, None)
            if features is not None:
                gradient_map = FeatureMap.from_nchw(gradient.to(self._dtype))
                gradient = gradient_map.nchw
                for term in terms.get(layer.name, ()):
                    loss, add_gradient = term(features)
                    add_gradient(gradient_map.padded, features.padded, ALL)
                    losses.append((term, loss))
            if layer.kind == "conv":
                gradient = self._input_gradient(layer, gradient)
            elif layer.kind == "relu":
                passed = record.masks.pop(layer.name) if features is None else features.nchw > 0
                gradient = gradient.mul_(passed)
            elif self.architecture.pooling == "average":
                gradient = average_pool_backward(gradient, record.shapes[layer.name])
            else:
                codes = record.codes.pop(layer.name)
                gradient = max_pool_backward(gradient, codes, record.shapes[layer.name])
        return gradient

    def _input_gradient(self, layer: Layer, gradient: Tensor) -> Tensor:
        weight = self._flipped[layer.name]
        replicates = self._replicates(layer)
        found = functional.conv2d(gradient.to(weight.dtype), weight, padding=1 + replicates)
        found = found[:, : layer.in_channels]
        return replicate_pad_backward(found) if replicates else found

    def _replicates(self, layer: Layer) -> bool:
        return layer.name == "conv1_1" and self.architecture.padding == "replicate"


class _Record:
    """What the backward pass of one block needs."""

    def __init__(self) -> None:
        self.features: dict[str, FeatureMap] = {}
        self.masks: dict[str, Tensor] = {}
        self.codes: dict[str, Tensor] = {}
        self.shapes: dict[str, torch.Size] = {}


def _flip(weight: Tensor) -> Tensor:
    """Return kernels (I', O, 3, 3) with which the gradient of a convolution is a convolution.

    They are the kernels of ``weight`` (O, I, 3, 3) rotated by 180 degrees, with the channels
    swapped. The libraries compute gradients this way at least as fast, and cuDNN with the same bits
    in each run. On CUDA I' is I rounded up to a multiple of 8, with zeros: cuDNN has no kernel for
    the three channels of an image alone that uses tensor cores.
    """
    flipped = weight.flip(2, 3).transpose(0, 1)
    if weight.is_cuda:
        flipped = functional.pad(flipped, (0, 0, 0, 0, 0, 0, 0, -weight.shape[1] % 8))
    return flipped.contiguous(memory_format=torch.channels_last)


def _tensor(array: Array, device: torch.device, dtype: torch.dtype) -> Tensor:
    # torch.tensor copies: canonical arrays are read-only and shared between backends.
    return torch.tensor(array, device=device, dtype=dtype)
