"""VGG-19's features: the layers up to the last tap, frozen, with every tap kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nst_core.arrays import Array
from nst_core.backend import PLAIN_VGG, Architecture, DType
from nst_core.vgg19 import layers_until
from nst_mxnet import zoo
from nst_mxnet._framework import Context, Operators, Tensor, mx
from nst_mxnet.block import Block


class Network(Block):
    """VGG-19 cut after the deepest of ``taps``: the zoo's own layers with weights given here.

    The weights are constants: no gradient is computed for them, which about halves the backward
    pass. Gluon's ReLUs are out of place, so that a convolution's tap is what the convolution put
    out. Max-pooling leaves out an odd last row or column (the convention ``valid``).

    Args:
        weights: Canonical arrays, ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,), ...
        taps: Names of the taps to keep; at least one.
        device: Where to compute.
        dtype: In what to compute.
        architecture: How it pools and pads.
    """

    def __init__(
        self,
        weights: Mapping[str, Array],
        *,
        taps: Sequence[str],
        device: Context,
        dtype: DType,
        architecture: Architecture = PLAIN_VGG,
    ) -> None:
        super().__init__()
        self.dtype = dtype
        self.replicates = architecture.padding == "replicate"
        self.layers = layers_until(taps)
        self.taps = tuple(layer.name for layer in self.layers if layer.name in taps)
        self.features = mx.gluon.nn.HybridSequential()
        topology = zoo.topology()
        for layer in self.layers:
            block = topology[layer.index]
            if layer.kind == "pool" and architecture.pooling == "average":
                block = mx.gluon.nn.AvgPool2D(pool_size=2, strides=2)
            self.features.add(block)
            if layer.kind == "conv":
                _freeze(block.weight, weights[f"{layer.name}.weight"], device, dtype)
                _freeze(block.bias, weights[f"{layer.name}.bias"], device, dtype)

    def compute(self, operators: Operators, *inputs: Tensor) -> list[Tensor]:
        """Return the features (1, C, H, W) at ``taps``, in the network's order.

        ``inputs`` is the normalised image (1, 3, H, W) alone.
        """
        (x,) = inputs
        features = []
        for layer in self.layers:
            if layer.name == "conv1_1" and self.replicates:
                # The zeros that it pads with reach the outermost results alone.
                x = self.features[layer.index](_replicated(operators, x))[:, :, 1:-1, 1:-1]
            else:
                x = self.features[layer.index](x)
            if layer.name in self.taps:
                features.append(x)
        return features


def _replicated(operators: Operators, x: Tensor) -> Tensor:
    """Return ``x`` (1, C, H, W) with each edge's pixels once more outside."""
    x = operators.np.concatenate([x[:, :, :1], x, x[:, :, -1:]], axis=2)
    return operators.np.concatenate([x[:, :, :, :1], x, x[:, :, :, -1:]], axis=3)


def _freeze(parameter: Tensor, array: Array, device: Context, dtype: DType) -> None:
    parameter.shape = array.shape
    parameter.cast(dtype)
    parameter.grad_req = "null"
    with device:
        parameter.initialize(mx.init.Zero())
        # mx.np.array copies: canonical arrays are read-only and shared between backends.
        parameter.set_data(mx.np.array(array, dtype=dtype))
