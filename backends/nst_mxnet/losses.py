"""Content, style and total variation losses, as ``nst_core.backend.Objective`` defines them.

Network and losses are one hybrid block: what MXNet compiles then ends in a few scalars, and it
plans the memory of everything before them at once. While Gluon 1 traces it, features are symbols
without a shape; so shapes are handed in, and operators come from ``operators`` (see ``Block``).

MXNet with oneDNN adds up float32 gradients wrongly in a compiled block where a layer's output goes
both into a max-pooling and *directly* into a reshape: 1.9.1 for some pairs of taps at the first
call, 2.0.0b1 for nearly all at every call, both silently. With any other operator between the two
it is right: ``tests/mxnet_backend/test_gradient_sums.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nst_core.backend import DType, Losses, Objective
from nst_core.vgg19 import feature_shape
from nst_mxnet._framework import Operators, Tensor
from nst_mxnet.block import Block
from nst_mxnet.network import Network

Shape = tuple[int, int, int]


def gram(operators: Operators, features: Tensor, *, shape: Shape) -> Tensor:
    """Return the Gram matrix (C, C) of features (1, C, H, W), divided by C*H*W.

    ``shape`` is their (C, H, W).
    """
    channels, height, width = shape
    # Divided before the reshape, each factor by the root: see the docstring of this module.
    scaled = features / math.sqrt(channels * height * width)
    rows = operators.np.reshape(scaled, (channels, height * width))
    # x W^T with W = x. np.dot(rows, rows.T) writes the transpose out, there and back: measured
    # 8 % of a step slower, and 200 MB more at 300x450.
    return operators.npx.fully_connected(
        rows, rows, num_hidden=channels, no_bias=True, flatten=False
    )


def content_loss(operators: Operators, features: Tensor, target: Tensor, *, dtype: DType) -> Tensor:
    """Return the mean squared difference of two feature maps (1, C, H, W)."""
    # MXNet 2's mean of float64 is float32 unless it is told; so everywhere below.
    return operators.np.square(features - target).mean(dtype=dtype)


def style_loss(
    operators: Operators, features: Tensor, target: Tensor, *, shape: Shape, dtype: DType
) -> Tensor:
    """Return the mean squared difference of the features' Gram matrix and ``target`` (C, C)."""
    difference = gram(operators, features, shape=shape) - target
    return operators.np.square(difference).mean(dtype=dtype)


def total_variation(operators: Operators, x: Tensor, *, dtype: DType) -> Tensor:
    """Return half the mean absolute vertical difference of ``x`` (1, 3, H, W) plus horizontal."""
    vertical = operators.np.abs(x[:, :, 1:, :] - x[:, :, :-1, :]).mean(dtype=dtype)
    horizontal = operators.np.abs(x[:, :, :, 1:] - x[:, :, :, :-1]).mean(dtype=dtype)
    return 0.5 * (vertical + horizontal)


@dataclass(frozen=True, slots=True)
class Targets:
    """What the image is compared with: content features and style Gram matrices, by tap."""

    content: Mapping[str, Tensor]
    style: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class WeightedLosses:
    """The weighted losses of one evaluation, as scalars still on the device.

    ``parts`` is an array (N,): content, then style, by tap as in ``objective``, then total
    variation; ``total`` is an array ().
    """

    objective: Objective
    parts: Tensor
    total: Tensor

    def read(self) -> Losses:
        """Wait for the values and bring them over."""
        values = iter(self.parts.asnumpy().tolist())
        return Losses(
            content={tap: next(values) for tap in self.objective.content},
            style={tap: next(values) for tap in self.objective.style},
            total_variation=next(values),
            total=float(self.total.asnumpy()),
        )


class ObjectiveBlock(Block):
    """From the normalised image to the weighted losses, through the network.

    Args:
        network: VGG-19 with the objective's taps.
        objective: What is minimised.
        height: Height of the images that this block is for.
        width: Their width.
    """

    def __init__(self, network: Network, objective: Objective, *, height: int, width: int) -> None:
        super().__init__()
        self.network = network
        self.objective = objective
        self.shapes = {tap: feature_shape(tap, height=height, width=width) for tap in network.taps}

    def losses(self, x: Tensor, targets: Targets) -> WeightedLosses:
        """Return all losses of the normalised image ``x`` (1, 3, H, W)."""
        parts, total = self(x, *targets.content.values(), *targets.style.values())
        return WeightedLosses(objective=self.objective, parts=parts, total=total)

    def compute(self, operators: Operators, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weighted losses (N,) and the total ().

        ``inputs`` are the image, the content targets and the style targets.
        """
        x, *rest = inputs
        targets = iter(rest)
        dtype = self.network.dtype
        features = dict(zip(self.network.taps, self.network(x), strict=True))
        content = [
            weight * content_loss(operators, features[tap], next(targets), dtype=dtype)
            for tap, weight in self.objective.content.items()
        ]
        style = []
        for tap, weight in self.objective.style.items():
            shape = self.shapes[tap]
            loss = style_loss(operators, features[tap], next(targets), shape=shape, dtype=dtype)
            style.append(weight * loss)
        tv = self.objective.total_variation * total_variation(operators, x, dtype=dtype)
        counted = [self.objective.style_counted * loss for loss in style]
        parts = operators.np.stack([*content, *style, tv])
        return parts, operators.np.stack([*content, *counted, tv]).sum()
