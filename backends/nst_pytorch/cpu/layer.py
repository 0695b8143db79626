"""One convolution of VGG-19 with its ReLU, one tile block at a time; see ``network``.

Layers differ in what they store. The base class and ``MaskedLayer`` (no tap, no pooling) are here;
those with a tap are in ``tapped_layer``, those with a pooling in ``pool_layer``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from typing_extensions import override

from nst_pytorch import timing
from nst_pytorch.cpu.buffers import INPUT_TILES, Scratch, SharedBuffer, clear_padding
from nst_pytorch.cpu.layer_plan import LayerPlan
from nst_pytorch.cpu.tiles import (
    TileBlock,
    clear_outside,
    tile_columns,
    tile_interior,
    window_of,
    with_halo,
)
from nst_pytorch.cpu.winograd import WriteTiles
from nst_pytorch.feature_map import FeatureMap, Window
from nst_pytorch.loss_terms import LossTerm, TapGradients, TermLosses, evaluate_terms


class Layer(ABC):
    """A layer's maps, and the work on one tile block of them.

    Attributes:
        plan: The shapes.
        out: The input of the next layer.
        output_gradient: The gradient with respect to ``out``.
    """

    def __init__(self, plan: LayerPlan, *, out: FeatureMap, output_gradient: FeatureMap) -> None:
        self.plan = plan
        self.size, self.out_size = plan.size, plan.out_size
        self.channels = plan.conv.out_channels
        self.out = out
        self.output_gradient = output_gradient

    def taps(self) -> list[tuple[str, FeatureMap]]:
        """Return the names of the taps here, and their maps, in the order of the network."""
        return []

    def evaluate_terms(
        self, terms: Mapping[str, Sequence[LossTerm]]
    ) -> tuple[TermLosses, TapGradients]:
        """Return the losses at the taps here, and what adds their gradients in ``backward``."""
        return evaluate_terms(reversed(self.taps()), terms)

    def begin_forward(self) -> None:
        """Prepare the maps that ``forward`` writes to, which may share buffers with others."""
        clear_padding(self.out)

    @abstractmethod
    def forward(self, block: TileBlock, write_tiles: WriteTiles, scratch: Scratch) -> None:
        """Write one tile block of the output, given what writes its convolution."""

    def output_with_halo(self, block: TileBlock, _: Scratch) -> Tensor:
        """Return the output in a tile block of the next layer, and one more value on each side."""
        return with_halo(self.out.padded, block)

    def begin_backward(self) -> None:
        """Prepare the maps that ``backward`` writes to, which may share buffers with others."""
        clear_padding(self.output_gradient)

    def backward(
        self,
        block: TileBlock,
        write_tiles: WriteTiles,
        gradients: TapGradients,  # noqa: ARG002
        scratch: Scratch,  # noqa: ARG002
    ) -> None:
        """Write a tile block of ``output_gradient``, through the ReLU too if no pooling follows.

        Args:
            block: A tile block of the next layer's convolution.
            write_tiles: Writes that convolution's gradient with respect to its input.
            gradients: From ``evaluate_terms``.
            scratch: The buffers of the worker that this runs on.
        """
        region = tile_interior(self.output_gradient, block)
        write_tiles(tile_columns(region, block))
        clear_outside(region, self.out_size, window_of(block))

    @abstractmethod
    def convolution_gradient(self, block: TileBlock, scratch: Scratch) -> Tensor:
        """Return the gradient with respect to the convolution's output, in and around ``block``.

        It may lie in ``scratch``.
        """


class MaskedLayer(Layer):
    """A layer without a tap and without a pooling: a mask says where the ReLU passes gradients.

    Attributes:
        mask: 1 where the ReLU passes gradients, int8.

    Args:
        plan: The shapes.
        output: The buffer for ``out`` and its gradient, to which the next layer does not write.
    """

    def __init__(self, plan: LayerPlan, *, output: SharedBuffer) -> None:
        super().__init__(
            plan,
            out=output.feature_map(plan.padded_shape, plan.size),
            output_gradient=output.feature_map(plan.padded_shape, plan.size),
        )
        self.mask = torch.zeros(plan.padded_shape, dtype=torch.int8)

    @override
    def forward(self, block: TileBlock, write_tiles: WriteTiles, scratch: Scratch) -> None:
        region, window = tile_interior(self.out, block), window_of(block)
        write_tiles(tile_columns(region, block))
        clear_outside(region, self.size, window)
        self._apply_relu(region, window, scratch)

    @timing.kernel("ReLU, masks")
    def _apply_relu(self, region: Tensor, window: Window, scratch: Scratch) -> None:
        region.clamp_min_(0)
        sign = torch.sign(region, out=scratch.take(INPUT_TILES, *region.shape))
        self.mask[window].copy_(sign)

    @override
    def backward(
        self,
        block: TileBlock,
        write_tiles: WriteTiles,
        gradients: TapGradients,
        scratch: Scratch,
    ) -> None:
        region, mask = tile_interior(self.output_gradient, block), self.mask[window_of(block)]
        write_tiles(tile_columns(region, block))
        region.mul_(scratch.take(INPUT_TILES, *region.shape).copy_(mask))

    @override
    def convolution_gradient(self, block: TileBlock, scratch: Scratch) -> Tensor:
        return with_halo(self.output_gradient.padded, block)
