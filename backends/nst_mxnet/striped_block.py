"""One block of VGG-19 computed for a whole input: in one piece, or in strips of rows.

The first blocks have the largest arrays. They are computed in strips of a few rows, and again in
the backward pass, so that even the little that a ``BlockRecord`` holds is not kept for them.
"""

from __future__ import annotations

from collections.abc import Sequence

from nst_mxnet._framework import Tensor
from nst_mxnet.block import Block, FeatureGradients
from nst_mxnet.block_record import BlockRecord, ForwardPass
from nst_mxnet.loss_network import FeatureCallback
from nst_mxnet.row_strips import (
    RowStrip,
    StripSizes,
    all_rows,
    place_rows,
    row_strips,
    take_rows,
)


class StripedBlock:
    """A block for a whole input.

    Args:
        block: The block.
        strip_sizes: How large the strips are, if the block is computed again in the backward pass;
            otherwise it is computed in one piece.
        itemsize: Bytes per value.
        is_last: Whether it is the last block of the network, whose output is not used.
    """

    def __init__(
        self, block: Block, *, strip_sizes: StripSizes, itemsize: int, is_last: bool
    ) -> None:
        self.block = block
        self._strip_sizes = strip_sizes
        self._itemsize = itemsize
        self._is_last = is_last

    def start_pass(self, x: Tensor) -> ForwardPass:
        """Return what ``forward`` is to fill for the backward pass of ``x`` (1, C, H, W)."""
        if self.block.recomputed:
            return ForwardPass(x.shape, x, None)
        return ForwardPass(x.shape, None, BlockRecord())

    def forward(
        self, x: Tensor, on_features: FeatureCallback, passed: ForwardPass | None = None
    ) -> Tensor:
        """Return the output of the block.

        Args:
            x: The whole input, (1, C, H, W).
            on_features: Called with every strip of the features of every tap.
            passed: Filled for ``backward``, if there is one.
        """
        record = passed.record if passed else None
        argmax = passed.argmax if passed and self.block.keeps_argmax else None
        out = None
        for strip in self._strips(x.shape):
            found = self.block.forward(
                take_rows(x, strip.with_halo),
                strip,
                on_features=on_features,
                record=record,
                argmax=argmax,
            )
            if strip.rows == strip.with_halo:
                return found
            if self._is_last:
                continue
            to = self.block.pooled(strip)
            if out is None:
                _, _, height, width = x.shape
                halved = self.block.pools
                shape = (1, found.shape[1], height >> halved, width >> halved)
                out = place_rows(None, to.rows, shape=shape, like=found)
            out[:, :, to.rows] = take_rows(found, to.interior)
        return out

    def backward(
        self, passed: ForwardPass, gradient: Tensor | None, feature_gradients: FeatureGradients
    ) -> Tensor:
        """Return the gradient with respect to the block's input.

        Args:
            passed: As ``forward`` filled it; it is used up.
            gradient: Gradient with respect to the block's output, or None if there is none.
            feature_gradients: Those of the loss terms.
        """
        block, shape = self.block, passed.shape
        if passed.record is not None:
            return block.backward(gradient, all_rows(shape[2]), passed.record, feature_gradients)
        out = None
        for strip in self._strips(shape):
            record = BlockRecord()
            strip_input = take_rows(passed.x, strip.with_halo)
            if block.keeps_argmax:
                made = block.forward_from_argmax(strip_input, strip, record, passed.argmax.pop(0))
            else:
                made = block.forward(strip_input, strip, record=record).shape
            to, above = block.pooled(strip), None
            if gradient is not None:
                above = place_rows(
                    take_rows(gradient, to.rows), to.interior, shape=made, like=gradient
                )
            del strip_input
            found = block.backward(above, strip, record, feature_gradients)
            if strip.rows == strip.with_halo:
                return found
            if out is None:
                out = place_rows(None, strip.with_halo, shape=shape, like=found)
            out[:, :, strip.with_halo] += found
        return out

    def _strips(self, shape: Sequence[int]) -> list[RowStrip]:
        """Return the strips in which an input of ``shape`` (1, C, H, W) is computed."""
        _, _, height, width = shape
        if not self.block.recomputed:
            return [all_rows(height)]
        channels = self.block.layers[0].out_channels
        rows = self._strip_sizes.rows(self._itemsize * width * channels)
        return list(row_strips(height, rows=rows, halo=self.block.convolutions))
