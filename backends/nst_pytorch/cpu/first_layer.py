"""conv1_1 and its ReLU, recomputed wherever they are needed: their output is never stored.

The output of conv1_1 is not stored, although it may be a tap. With 64 channels at full size it
would take 0.26 GB per megapixel, as much as the taps of all other layers together (d2l). Computing
it from three channels is about as fast as reading it. As a tap it is computed three times per step:
for its Gram matrix, for conv1_2, and for the gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from typing_extensions import override

from nst_pytorch.cpu.buffers import PIXELS, M, Scratch, V
from nst_pytorch.cpu.first_convolution import FirstConvolution
from nst_pytorch.cpu.layer_plan import FirstLayerPlan
from nst_pytorch.cpu.tiles import TileBlock, clear_outside, tile_columns, window_of
from nst_pytorch.cpu.winograd import WriteTiles
from nst_pytorch.feature_map import FeatureMap
from nst_pytorch.lazy_features import LazyFeatures
from nst_pytorch.loss_terms import LossTerm, TapGradients, TermLosses, evaluate_terms
from nst_pytorch.thread_pool import thread_pool

_ROWS = 16
"""Rows that a worker computes at a time when the whole output is asked for."""


class FirstLayer:
    """conv1_1 with its ReLU, if the network goes that far; the counterpart of ``layer.Layer``.

    Attributes:
        plan: The shapes.
        size: (H, W).
        channels: The number of output channels.

    Args:
        plan: The shapes.
        weight: (O, 3, 3, 3).
        bias: (O,).
        scratch: The buffers of each worker.
        replicates: Whether the padding repeats the image's edge; otherwise it is zero.
    """

    def __init__(
        self,
        plan: FirstLayerPlan,
        weight: Tensor,
        bias: Tensor,
        scratch: Sequence[Scratch],
        *,
        replicates: bool,
    ) -> None:
        self.plan = plan
        self.size = plan.size
        self.channels = plan.conv.out_channels
        self.dtype = weight.dtype
        self._scratch = scratch
        self._convolution = FirstConvolution(
            weight, bias, size=plan.size, padded_size=plan.padded_size, replicates=replicates
        )

    def load(self, x: Tensor) -> None:
        """Copy the image ``x`` (1, 3, H, W)."""
        self._convolution.load(x)

    def taps(self) -> list[tuple[str, RecomputedFeatures]]:
        """Return the names of the taps here, and their maps, in the order of the network."""
        return [
            (name, RecomputedFeatures(self, activated=name.startswith("relu")))
            for name in self.plan.taps
        ]

    def evaluate_terms(
        self, terms: Mapping[str, Sequence[LossTerm]]
    ) -> tuple[TermLosses, TapGradients]:
        """Return the losses at the taps here, and what adds their gradients in ``backward``."""
        return evaluate_terms(reversed(self.taps()), terms)

    def rows(self, top: int, count: int, worker: int, *, activated: bool) -> Tensor:
        """Return rows of the output of the convolution or the ReLU; see ``Features.rows``."""
        rows, columns = slice(1 + top, 1 + top + count), slice(0, self.plan.padded_size[1])
        found = self._convolution.convolve(rows, columns, self._scratch[worker], V)
        return found.clamp_min_(0) if activated else found

    def compute_all(self, *, activated: bool) -> FeatureMap:
        """Return the whole output of the convolution or the ReLU."""
        padded = torch.zeros(*self.plan.padded_size, self.channels, dtype=self.dtype)

        def compute(worker: int, top: int) -> None:
            count = min(_ROWS, self.size[0] - top)
            rows = self.rows(top, count, worker, activated=activated)
            padded[1 + top : 1 + top + count].copy_(rows)

        thread_pool().map(range(0, self.size[0], _ROWS), compute)
        return FeatureMap(padded, 1, 1, *self.size)

    def output_with_halo(self, block: TileBlock, scratch: Scratch) -> Tensor:
        """Return the output in a tile block and one more value on each side, in ``PIXELS``."""
        rows, columns = (slice(axis.start - 1, axis.stop + 1) for axis in window_of(block))
        found = self._convolution.convolve(rows, columns, scratch, PIXELS)
        return found.clamp_min_(0) if self.plan.has_relu else found

    def begin_backward(self) -> None:
        """Do nothing: no map shares a buffer here; see ``Layer.begin_backward``."""

    def backward(
        self,
        block: TileBlock,
        write_tiles: WriteTiles,
        gradients: TapGradients,
        scratch: Scratch,
    ) -> None:
        """Take one tile block of the gradient of the output; see ``Layer.backward``."""
        shape = 4 * block.rows, 4 * block.columns, self.channels
        gradient = scratch.take(PIXELS, *shape)
        write_tiles(tile_columns(gradient, block))
        window = window_of(block)
        z = self._convolution.convolve(*window, scratch, V)
        if self.plan.has_relu:
            # Only a tap before the ReLU needs the values from before the ReLU again.
            y = torch.clamp_min(z, 0, out=scratch.take(M, *z.shape)) if gradients.conv else z
            # y > 0 holds wherever z > 0 does.
            if gradients.relu and y is z:
                y.clamp_min_(0)
            for add_gradient in gradients.relu:
                add_gradient(gradient, y, window)
            torch.ops.aten.threshold_backward.grad_input(gradient, y, 0, grad_input=gradient)
        for add_gradient in gradients.conv:
            add_gradient(gradient, z, window)
        if gradients.conv or not self.plan.has_relu:
            clear_outside(gradient, self.size, window)
        self._convolution.add_gradient(gradient, block, scratch)

    def image_gradient(self) -> Tensor:
        """Return the gradient of the image (1, 3, H, W), after ``backward`` of every block."""
        return self._convolution.image_gradient()


class RecomputedFeatures(LazyFeatures):
    """The output of ``FirstLayer`` as ``Features``, computed on access.

    Args:
        layer: The layer.
        activated: Whether it is the ReLU's output; otherwise the convolution's.
    """

    pad_left = 1

    def __init__(self, layer: FirstLayer, *, activated: bool) -> None:
        self._layer = layer
        self._activated = activated
        self.height, self.width = layer.size
        self.channels = layer.channels
        self.pixels = self.height * self.width
        self.padded_size = layer.plan.padded_size
        self.padded_width = self.padded_size[1]
        self.dtype = layer.dtype
        self.device = torch.device("cpu")

    def rows(self, top: int, count: int, worker: int) -> Tensor:
        """Return some rows (count, W', C); see ``Features.rows``."""
        return self._layer.rows(top, count, worker, activated=self._activated)

    def with_values(self, padded: Tensor) -> FeatureMap:
        """Return other values (H', W', C) as a map with the same padding."""
        return FeatureMap(padded, 1, 1, self.height, self.width)

    @override
    def copy(self) -> FeatureMap:
        return self._layer.compute_all(activated=self._activated)
