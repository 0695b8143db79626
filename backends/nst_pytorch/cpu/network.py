"""VGG-19 on a CPU, one tile block at a time, in buffers that are kept for the whole run.

It computes the same as ``nst_pytorch.network.Network``, for images of one size. Each tile block
goes through a convolution (Winograd's), its ReLU, and its pooling unless a tap lies between, on one
core and in that core's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from nst_core.arrays import Array
from nst_core.backend import PLAIN_VGG, Architecture
from nst_core.vgg19 import Layer as VGGLayer
from nst_pytorch import timing
from nst_pytorch.cpu.buffers import Scratch, SharedBuffer
from nst_pytorch.cpu.convolution import MAX_SPLIT_TILES, ParallelConvolution, layer_blocks
from nst_pytorch.cpu.first_layer import FirstLayer
from nst_pytorch.cpu.layer import Layer, MaskedLayer
from nst_pytorch.cpu.layer_plan import NetworkPlan
from nst_pytorch.cpu.pool_layer import FusedPoolLayer, TappedPoolLayer
from nst_pytorch.cpu.pooling import RELU_POOLS, ReluPool
from nst_pytorch.cpu.tapped_layer import TappedLayer
from nst_pytorch.cpu.tiles import TileBlock
from nst_pytorch.cpu.winograd import WriteTiles, transform_filters
from nst_pytorch.feature_map import ALL
from nst_pytorch.joint_loss import JointLoss, JointSums, with_parts
from nst_pytorch.loss_network import FeatureCallback, NetworkEvaluation
from nst_pytorch.loss_terms import LossTerm, TermLosses
from nst_pytorch.thread_pool import single_threaded, thread_pool

_ROWS = 16
"""Rows that a worker takes at a time where the work is not split into tiles."""


class WinogradNetwork:
    """VGG-19 cut after the deepest of ``taps``, for images of one size.

    Args:
        weights: Canonical arrays, ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,), ...
        taps: Names of the taps; at least one.
        size: (H, W) of the images.
        dtype: The dtype of all computation but the products.
        products: The dtype of the products of Winograd's convolutions; ``dtype`` by default.
        architecture: How the network pools and pads.
        max_split_tiles: See ``convolution.MAX_SPLIT_TILES``.
    """

    def __init__(
        self,
        weights: Mapping[str, Array],
        *,
        taps: Sequence[str],
        size: tuple[int, int],
        dtype: torch.dtype,
        products: torch.dtype | None = None,
        architecture: Architecture = PLAIN_VGG,
        max_split_tiles: int = MAX_SPLIT_TILES,
    ) -> None:
        self.size = size
        self._pool = thread_pool()
        self._scratch = [Scratch(dtype) for _ in range(self._pool.count)]
        self.plan = NetworkPlan.of(taps, size=size, max_split_tiles=max_split_tiles)

        def parameters(layer: VGGLayer) -> tuple[Tensor, Tensor]:
            # Canonical arrays are read-only and shared between backends: copies.
            weight = torch.from_numpy(weights[f"{layer.name}.weight"].copy()).to(dtype)
            return weight, torch.tensor(weights[f"{layer.name}.bias"], dtype=dtype)

        self.first = FirstLayer(
            self.plan.first,
            *parameters(self.plan.first.conv),
            self._scratch,
            replicates=architecture.padding == "replicate",
        )
        products = products or dtype
        self._convolution = ParallelConvolution(self._scratch, products, self.plan.convolutions)
        self.layers = _allocate_layers(self.plan, dtype, RELU_POOLS[architecture.pooling])
        self._biases, self._kernels = [], []
        for plan in self.plan.layers:
            weight, bias = parameters(plan.conv)
            self._biases.append(bias)
            self._kernels.append(transform_filters(weight, products=products))

    def accepts(self, size: tuple[int, int]) -> bool:
        """Return whether it can compute images of ``size`` (H, W): its own size only."""
        return size == self.size

    def threads(self) -> AbstractContextManager[None]:
        """Return a context in which PyTorch's own threads leave the cores to the workers."""
        return single_threaded()

    @torch.no_grad()
    def forward(self, x: Tensor, on_features: FeatureCallback) -> None:
        """Call ``on_features`` with each tap's features of ``x`` (1, 3, H, W)."""
        self.first.load(x)
        for tap, features in self.first.taps():
            on_features(tap, features, ALL)
        for number, layer in enumerate(self.layers):
            self._forward_layer(number)
            for tap, feature_map in layer.taps():
                on_features(tap, feature_map, ALL)

    @torch.no_grad()
    def evaluate(
        self,
        x: Tensor,
        terms: Mapping[str, Sequence[LossTerm]],
        joint: Sequence[JointLoss] = (),
    ) -> NetworkEvaluation:
        """Return the losses at ``x`` (1, 3, H, W), and their gradient: see ``LossNetwork``."""
        sums = JointSums(joint)
        self.forward(x, sums.add)
        losses, parts = sums.finish()
        terms = with_parts(terms, parts)
        losses += self._begin_backward(terms)
        for number in reversed(range(len(self.layers))):
            losses += self._backward_layer(number, terms)
        return NetworkEvaluation(losses, self.first.image_gradient())

    def _previous(self, number: int) -> Layer | FirstLayer:
        return self.layers[number - 1] if number else self.first

    @timing.section(lambda network, number: network.section_name(number, "forward"))
    def _forward_layer(self, number: int) -> None:
        layer = self.layers[number]
        layer.begin_forward()
        self._convolution.convolve(
            self.plan.convolutions[number],
            self._previous(number).output_with_halo,
            self._kernels[number],
            layer.forward,
            bias=self._biases[number],
        )
        if isinstance(layer, TappedPoolLayer):
            self._by_rows(layer.out_size[0], layer.pool_rows)

    @timing.section(lambda network, _: network.section_name(-1, "backward"))
    def _begin_backward(self, terms: Mapping[str, Sequence[LossTerm]]) -> TermLosses:
        """Begin the backward pass at the last layer, which ends with a tap."""
        last = self._previous(len(self.layers))
        losses, gradients = last.evaluate_terms(terms)

        def begin(worker: int, block: TileBlock) -> None:
            last.backward(block, _write_zeros, gradients, self._scratch[worker])

        self._pool.map(layer_blocks(last.size, channels=last.channels), begin)
        return losses

    @timing.section(lambda network, number, _: network.section_name(number, "backward"))
    def _backward_layer(self, number: int, terms: Mapping[str, Sequence[LossTerm]]) -> TermLosses:
        """Go back from the output of a layer's convolution to that of the layer before it."""
        layer, previous = self.layers[number], self._previous(number)
        losses, gradients = previous.evaluate_terms(terms)
        previous.begin_backward()

        def backward(block: TileBlock, write_tiles: WriteTiles, scratch: Scratch) -> None:
            previous.backward(block, write_tiles, gradients, scratch)

        self._convolution.convolve(
            self.plan.convolutions[number],
            layer.convolution_gradient,
            self._kernels[number],
            backward,
            flipped=True,
        )
        if isinstance(previous, TappedPoolLayer):
            pooled = previous

            def unpool(top: int, rows: int, scratch: Scratch) -> None:
                pooled.unpool_rows(top, rows, gradients, scratch)

            self._by_rows(pooled.out_size[0], unpool)
        return losses

    def section_name(self, number: int, which: str) -> str:
        """Return the name of a layer's pass for ``timing``, as ``conv3_1 forward``."""
        return f"{self.plan.layers[number].conv.name} {which}"

    def _by_rows(self, height: int, work: Callable[[int, int, Scratch], None]) -> None:
        """Call ``work(top, rows, scratch)`` on the workers, for all rows of ``height``."""
        rows = min(_ROWS, -(-height // self._pool.count))

        def some(worker: int, top: int) -> None:
            work(top, min(rows, height - top), self._scratch[worker])

        self._pool.map(range(0, height, rows), some)


def _write_zeros(outs: Sequence[Tensor]) -> None:
    """Write the gradient of the last layer's output, to which no later layer contributes."""
    for out in outs:
        out.zero_()


def _allocate_layers(plan: NetworkPlan, dtype: torch.dtype, pooling: ReluPool) -> list[Layer]:
    unpooled = SharedBuffer(plan.unpooled_values, dtype)
    ping_pong = [SharedBuffer(values, dtype) for values in plan.ping_pong_values]
    layers: list[Layer] = []
    for number, layer in enumerate(plan.layers):
        # The next layer writes to the other one.
        output = ping_pong[number % 2]
        if layer.fuses_pool:
            layers.append(FusedPoolLayer(layer, output=output, pooling=pooling))
        elif layer.has_pool:
            layers.append(
                TappedPoolLayer(
                    layer, dtype=dtype, relu_output=unpooled, pooled=output, pooling=pooling
                )
            )
        elif layer.has_tap:
            layers.append(TappedLayer(layer, dtype=dtype, relu_output=output))
        else:
            layers.append(MaskedLayer(layer, output=output))
    return layers
