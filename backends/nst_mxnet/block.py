"""One block of VGG-19: the layers up to a pooling, or to the deepest tap; both passes through it.

The backward pass is written out here, without autograd, so that only a ``BlockRecord`` is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nst_core.backend import Architecture
from nst_core.vgg19 import Layer
from nst_mxnet._framework import Tensor, mx
from nst_mxnet.block_record import BlockRecord
from nst_mxnet.convolution import convolve, convolve_backward
from nst_mxnet.loss_network import FeatureCallback
from nst_mxnet.loss_terms import FeatureGradient
from nst_mxnet.pooling import (
    ArgmaxMasks,
    average_pool,
    average_pool_backward,
    max_pool,
    max_pool_backward,
)
from nst_mxnet.row_strips import RowStrip, place_rows, take_rows

Parameters = Mapping[str, tuple[Tensor, Tensor]]
"""Name of a convolution -> its weight (O, I, 3, 3) and bias (O,)."""

FeatureGradients = Mapping[str, Sequence[FeatureGradient]]
"""Tap -> the functions that return the gradients of its loss terms."""


class Block:
    """The layers up to a pooling, which is the last of them, or to the deepest tap.

    Args:
        layers: In the order of the network.
        parameters: Those of the convolutions, at least of these layers.
        taps: The taps of the whole network.
        architecture: How the network pools and pads.
        recomputed: Whether the backward pass computes the forward pass again.
        may_keep_argmax: Whether the choices of the max pooling are kept although the forward pass
            is computed again. The last convolution then need not be.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        parameters: Parameters,
        *,
        taps: Sequence[str],
        architecture: Architecture,
        recomputed: bool,
        may_keep_argmax: bool,
    ) -> None:
        self.layers = layers
        self.parameters = parameters
        self.taps = frozenset(taps)
        self.architecture = architecture
        self.recomputed = recomputed
        self.keeps_argmax = may_keep_argmax and self._argmax_replaces_last_convolution()

    @property
    def pools(self) -> bool:
        """Whether the block ends with a pooling."""
        return self.layers[-1].kind == "pool"

    @property
    def convolutions(self) -> int:
        """The number of convolutions; each reaches one pixel beyond its output."""
        return sum(layer.kind == "conv" for layer in self.layers)

    def pooled(self, strip: RowStrip) -> RowStrip:
        """Return the rows of the output that belong to a strip of the input."""
        return strip.pooled() if self.pools else strip

    def forward(
        self,
        x: Tensor,
        strip: RowStrip,
        *,
        on_features: FeatureCallback | None = None,
        record: BlockRecord | None = None,
        argmax: list[ArgmaxMasks] | None = None,
        stop: int | None = None,
    ) -> Tensor:
        """Return the output of the block for a strip.

        Args:
            x: (1, C, rows, W), the strip's rows and its halo.
            strip: Where they lie in the whole input.
            on_features: Called with the features of every tap, without the halo.
            record: Filled for ``backward``, if there is one.
            argmax: The choices of the max pooling are appended to it, if there is one.
            stop: Before which of its layers to stop; None to compute all.
        """
        layers = self.layers[:stop]
        for layer, following in zip(layers, [*layers[1:], None], strict=True):
            if layer.kind == "conv":
                weight, bias = self.parameters[layer.name]
                x = convolve(x, weight, bias, replicates=self._replicates(layer))
            elif layer.kind == "relu":
                x = mx.npx.activation(x, act_type="relu")
                if record is not None and not self._mask_is_redundant(layer, following):
                    record.masks[layer.name] = x > 0
            else:
                x = self._pool(layer, x, record, argmax)
            if layer.name in self.taps:
                if on_features is not None:
                    on_features(layer.name, take_rows(x, strip.interior), strip.rows)
                if record is not None:
                    record.features[layer.name] = x
        return x

    def forward_from_argmax(
        self, x: Tensor, strip: RowStrip, record: BlockRecord, argmax: ArgmaxMasks
    ) -> tuple[int, ...]:
        """Fill ``record`` without the last convolution; return the shape of the block's output.

        Args:
            x: (1, C, rows, W), the strip's rows and its halo.
            strip: Where they lie in the whole input.
            record: Filled for ``backward``.
            argmax: What ``forward`` appended for this strip.
        """
        convolution, _, pool = self.layers[-3:]
        self.forward(x, strip, record=record, stop=-3)
        record.argmax[pool.name] = argmax
        record.shapes[pool.name] = (1, convolution.out_channels, *x.shape[2:])
        shape: tuple[int, ...] = argmax.positive.shape
        return shape

    def backward(
        self,
        gradient: Tensor | None,
        strip: RowStrip,
        record: BlockRecord,
        feature_gradients: FeatureGradients,
    ) -> Tensor:
        """Return the gradient with respect to the strip's input.

        Args:
            gradient: Gradient with respect to the block's output, or None if there is none.
            strip: Where the rows lie in the whole input.
            record: As ``forward`` filled it; it is used up.
            feature_gradients: Those of the loss terms; what they return is added at the taps.
        """
        for layer in reversed(self.layers):
            features = record.features.pop(layer.name, None)
            for feature_gradient in feature_gradients.get(layer.name, ()):
                own = feature_gradient(take_rows(features, strip.interior), strip.rows)
                gradient = _add(gradient, own, strip.interior, like=features)
            if layer.kind == "conv":
                weight, _ = self.parameters[layer.name]
                gradient = convolve_backward(gradient, weight, replicates=self._replicates(layer))
            elif layer.kind == "pool":
                gradient = self._pool_backward(layer, gradient, record)
            else:
                if features is None:
                    features = record.features.get(layer.conv)
                mask = record.masks.pop(layer.name, None) if features is None else features > 0
                # Without a mask, the max pooling that follows has already applied the ReLU.
                gradient = gradient if mask is None else gradient * mask
        return gradient

    def _argmax_replaces_last_convolution(self) -> bool:
        """Whether the last convolution is needed only for the choices of the max pooling."""
        if not self.pools or self.architecture.pooling != "max":
            return False
        return not {layer.name for layer in self.layers[-3:]} & self.taps

    def _mask_is_redundant(self, relu: Layer, following: Layer | None) -> bool:
        """Whether the record shows without a mask which values a ReLU lets through."""
        if relu.name in self.taps or relu.conv in self.taps:
            return True
        pools = following is not None and following.kind == "pool"
        return pools and self.architecture.pooling == "max"

    def _pool(
        self,
        layer: Layer,
        x: Tensor,
        record: BlockRecord | None,
        argmax: list[ArgmaxMasks] | None,
    ) -> Tensor:
        if record is not None:
            record.shapes[layer.name] = x.shape
        if self.architecture.pooling == "average":
            return average_pool(x)
        if record is None and argmax is None:
            return mx.npx.pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max")
        pooled, chosen = max_pool(x)
        if argmax is not None:
            argmax.append(chosen)
        if record is not None:
            record.argmax[layer.name] = chosen
        return pooled

    def _pool_backward(self, layer: Layer, gradient: Tensor, record: BlockRecord) -> Tensor:
        shape = record.shapes.pop(layer.name)
        if self.architecture.pooling == "average":
            return average_pool_backward(gradient, shape)
        return max_pool_backward(gradient, record.argmax.pop(layer.name), shape)

    def _replicates(self, layer: Layer) -> bool:
        return layer.name == "conv1_1" and self.architecture.padding == "replicate"


def _add(gradient: Tensor | None, own: Tensor, rows: slice, *, like: Tensor) -> Tensor:
    """Return the sum of ``gradient`` and ``own``, which belongs to ``rows`` of it."""
    if gradient is None:
        return place_rows(own, rows, shape=like.shape, like=like)
    if own.shape == gradient.shape:
        gradient += own
    else:
        gradient[:, :, rows] += own
    return gradient
