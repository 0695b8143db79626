"""A convolution with its ReLU and the pooling that ends a block of VGG-19.

Without a tap the pooling reads each tile block of the convolution as it is computed
(``FusedPoolLayer``). With a tap it reads the stored map by rows (``TappedPoolLayer``).
"""

from __future__ import annotations

import torch
from torch import Tensor
from typing_extensions import override

from nst_pytorch import timing
from nst_pytorch.cpu.buffers import (
    INPUT_TILES,
    PIXELS,
    Scratch,
    SharedBuffer,
    V,
    clear_padding,
)
from nst_pytorch.cpu.layer import Layer
from nst_pytorch.cpu.layer_plan import LayerPlan
from nst_pytorch.cpu.pooling import ReluPool, split_2x2
from nst_pytorch.cpu.tapped_layer import TappedLayer
from nst_pytorch.cpu.tiles import TileBlock, pooled_tiles
from nst_pytorch.cpu.winograd import WriteTiles
from nst_pytorch.loss_terms import TapGradients


class FusedPoolLayer(Layer):
    """A layer whose pooling reads the convolution's output; nothing is stored in between.

    Attributes:
        codes: What the pooling has chosen, int8; see ``pooling``.

    Args:
        plan: The shapes.
        output: The buffer for ``out`` and its gradient, to which the next layer does not write.
        pooling: The kind of pooling.
    """

    def __init__(self, plan: LayerPlan, *, output: SharedBuffer, pooling: ReluPool) -> None:
        super().__init__(
            plan,
            out=output.feature_map(plan.out_padded_shape, plan.out_size),
            output_gradient=output.feature_map(plan.out_padded_shape, plan.out_size),
        )
        self._pooling = pooling
        self.codes = torch.zeros(plan.out_padded_shape, dtype=torch.int8)

    @override
    def forward(self, block: TileBlock, write_tiles: WriteTiles, scratch: Scratch) -> None:
        tiles = scratch.take(PIXELS, 4, 4, block.rows, block.columns, self.channels)
        write_tiles(tiles.unbind())
        self._pool_tiles(tiles, block, scratch)

    @timing.kernel("pooling")
    def _pool_tiles(self, tiles: Tensor, block: TileBlock, scratch: Scratch) -> None:
        """Pool the tiles of a tile block (4 columns, 4 rows, rows, columns, C)."""
        _, _, *rest = tiles.shape
        shape = 2, 2, *rest
        quarters = [tiles[j::2, i::2] for i in (0, 1) for j in (0, 1)]
        codes = scratch.take(V, *shape)
        height, width = self.out_size
        top, left = 1 + 2 * block.top, 1 + 2 * block.left
        window = (
            slice(top, top + 2 * block.rows),
            slice(left, left + 2 * block.columns),
        )
        out = self.out.padded[window]
        self._pooling.forward(
            quarters,
            out=pooled_tiles(out, block),
            codes=pooled_tiles(self.codes[window], block),
            scratch=(*scratch.take(INPUT_TILES, 4, *shape).unbind(), codes),
        )
        out[max(0, height + 1 - top) :].zero_()
        out[:, max(0, width + 1 - left) :].zero_()

    @override
    @timing.kernel("pooling")
    def convolution_gradient(self, block: TileBlock, scratch: Scratch) -> Tensor:
        window = (
            slice(2 * block.top, 2 * (block.top + block.rows) + 2),
            slice(2 * block.left, 2 * (block.left + block.columns) + 2),
        )
        gradient = self.output_gradient.padded[window]
        rows, columns, channels = gradient.shape
        unpooled = scratch.take(PIXELS, 2 * rows, 2 * columns, channels)
        self._pooling.backward(
            gradient,
            self.codes[window],
            quarters=split_2x2(unpooled),
            scratch=scratch.take(INPUT_TILES, 2, rows, columns, channels).unbind(),
        )
        return unpooled[1:-1, 1:-1]


class TappedPoolLayer(TappedLayer):
    """A layer with a tap before its pooling, which reads the ReLU's output by rows.

    Attributes:
        codes: What the pooling has chosen, int8; see ``pooling``.

    Args:
        plan: The shapes.
        dtype: The dtype of the maps.
        relu_output: The buffer for the ReLU's output if that is not a tap.
        pooled: The buffer for ``out`` and its gradient, to which the next layer does not write.
        pooling: The kind of pooling.
    """

    def __init__(
        self,
        plan: LayerPlan,
        *,
        dtype: torch.dtype,
        relu_output: SharedBuffer,
        pooled: SharedBuffer,
        pooling: ReluPool,
    ) -> None:
        super().__init__(plan, dtype=dtype, relu_output=relu_output, pooled=pooled)
        self._pooling = pooling
        self.codes = torch.zeros(plan.out_padded_shape, dtype=torch.int8)

    @timing.kernel("pooling")
    def pool_rows(self, top: int, rows: int, scratch: Scratch) -> None:
        """Write ``rows`` rows of ``out`` from row ``top`` on."""
        height, width = self.out_size
        rows = min(rows, height - top)
        window = slice(1 + top, 1 + top + rows), slice(1, 1 + width)
        quarters = split_2x2(self.activation.interior[2 * top : 2 * (top + rows)])
        self._pooling.forward(
            quarters,
            out=self.out.padded[window],
            codes=self.codes[window],
            scratch=scratch.take(INPUT_TILES, 5, *quarters[0].shape).unbind(),
        )

    @override
    def begin_backward(self) -> None:
        clear_padding(self.output_gradient)

    @override
    def backward(
        self,
        block: TileBlock,
        write_tiles: WriteTiles,
        gradients: TapGradients,
        scratch: Scratch,
    ) -> None:
        Layer.backward(self, block, write_tiles, gradients, scratch)

    @timing.kernel("pooling")
    def unpool_rows(self, top: int, rows: int, gradients: TapGradients, scratch: Scratch) -> None:
        """Write ``preactivation_gradient`` from ``rows`` rows of ``output_gradient``.

        Args:
            top: The first of these rows.
            rows: How many rows.
            gradients: From ``evaluate_terms``; they are added.
            scratch: The buffers of the worker that this runs on.
        """
        (height, width), (out_height, out_width) = self.size, self.out_size
        # An odd last row belongs to no pooled value.
        end = height if top + rows == out_height else 2 * (top + rows)
        unpooled = scratch.take(PIXELS, end - 2 * top, width, self.channels).zero_()
        window = slice(1 + top, 1 + top + rows), slice(1, 1 + out_width)
        gradient = self.output_gradient.padded[window]
        self._pooling.backward(
            gradient,
            self.codes[window],
            quarters=split_2x2(unpooled),
            scratch=scratch.take(INPUT_TILES, 2, *gradient.shape).unbind(),
        )
        window = slice(1 + 2 * top, 1 + end), slice(1, 1 + width)
        self.backward_relu(unpooled, window, gradients)
