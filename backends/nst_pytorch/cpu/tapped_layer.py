"""A layer whose values are stored, since the convolution's or the ReLU's output is a tap."""

from __future__ import annotations

import torch
from torch import Tensor
from typing_extensions import override

from nst_pytorch import timing
from nst_pytorch.cpu.buffers import PIXELS, Scratch, SharedBuffer, allocate, clear_padding
from nst_pytorch.cpu.layer import Layer
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
from nst_pytorch.loss_terms import TapGradients


class TappedLayer(Layer):
    """A layer with a tap, whose values are stored until the backward pass.

    The gradient takes the place of the stored values, one tile block at a time.

    Attributes:
        saved_activation: The map that the convolution writes to. It keeps the convolution's output
            if that is a tap; otherwise the ReLU's output, which is a tap then, computed in place.
        activation: The ReLU's output; without a ReLU the convolution's.

    Args:
        plan: The shapes.
        dtype: The dtype of the maps.
        relu_output: The buffer for the ReLU's output if that is not a tap.
        pooled: The buffer for ``out`` and its gradient if a pooling follows; otherwise these are
            the two maps above.
    """

    def __init__(
        self,
        plan: LayerPlan,
        *,
        dtype: torch.dtype,
        relu_output: SharedBuffer,
        pooled: SharedBuffer | None = None,
    ) -> None:
        shape, size = plan.padded_shape, plan.size
        self.saved_activation = self.activation = allocate(shape, size, dtype)
        if plan.conv_tap and plan.relu_tap:
            self.activation = allocate(shape, size, dtype)
        elif plan.conv_tap and plan.has_relu:
            self.activation = relu_output.feature_map(shape, size)
        out, output_gradient = self.activation, self.saved_activation
        if pooled is not None:
            out = pooled.feature_map(plan.out_padded_shape, plan.out_size)
            output_gradient = pooled.feature_map(plan.out_padded_shape, plan.out_size)
        super().__init__(plan, out=out, output_gradient=output_gradient)

    @property
    def preactivation_gradient(self) -> FeatureMap:
        """The gradient with respect to the convolution's output, once it is computed."""
        return self.saved_activation

    @override
    def taps(self) -> list[tuple[str, FeatureMap]]:
        conv, found = self.plan.conv, []
        if self.plan.conv_tap:
            found.append((conv.name, self.saved_activation))
        if self.plan.relu_tap:
            found.append((conv.relu, self.activation))
        return found

    @override
    def begin_forward(self) -> None:
        clear_padding(self.saved_activation)
        clear_padding(self.activation)
        super().begin_forward()

    @override
    def forward(self, block: TileBlock, write_tiles: WriteTiles, scratch: Scratch) -> None:
        region, window = tile_interior(self.saved_activation, block), window_of(block)
        write_tiles(tile_columns(region, block))
        clear_outside(region, self.size, window)
        if self.plan.has_relu:
            self._apply_relu(region, window)

    @timing.kernel("ReLU, masks")
    def _apply_relu(self, region: Tensor, window: Window) -> None:
        torch.clamp_min(region, 0, out=self.activation.padded[window])

    @override
    def begin_backward(self) -> None:
        pass  # the padding of a tap's own map stays zero

    @override
    def backward(
        self,
        block: TileBlock,
        write_tiles: WriteTiles,
        gradients: TapGradients,
        scratch: Scratch,
    ) -> None:
        region = scratch.take(PIXELS, 4 * block.rows, 4 * block.columns, self.channels)
        write_tiles(tile_columns(region, block))
        self.backward_relu(region, window_of(block), gradients)

    @timing.kernel("ReLU, masks")
    def backward_relu(self, gradient: Tensor, window: Window, gradients: TapGradients) -> None:
        """Write ``preactivation_gradient`` in a window, from the gradient of the ReLU's output.

        Args:
            gradient: The gradient there, (rows, columns, C), which is overwritten.
            window: A window of ``saved_activation``, whose values there are lost.
            gradients: From ``evaluate_terms``; they are added.
        """
        saved = self.saved_activation.padded[window]
        for add_gradient in gradients.relu:
            add_gradient(gradient, self.activation.padded[window], window)
        if self.plan.has_relu:
            out = gradient if gradients.conv else saved
            torch.ops.aten.threshold_backward.grad_input(gradient, saved, 0, grad_input=out)
        for add_gradient in gradients.conv:
            add_gradient(gradient, saved, window)
        if gradients.conv or not self.plan.has_relu:
            clear_outside(gradient, self.size, window)
            saved.copy_(gradient)

    @override
    def convolution_gradient(self, block: TileBlock, scratch: Scratch) -> Tensor:
        return with_halo(self.preactivation_gradient.padded, block)
