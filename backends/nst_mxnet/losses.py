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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nst_core.backend import DType, Losses, Objective
from nst_core.vgg19 import feature_shape
from nst_mxnet._framework import Operators, Tensor, mx
from nst_mxnet.block import Block
from nst_mxnet.gaussian import Gaussian
from nst_mxnet.layout import like_array
from nst_mxnet.network import Network
from nst_mxnet.statistics import Shape, StyleTarget, gram, moments, scaled_distance


def content_loss(
    operators: Operators,
    features: Tensor,
    target: Tensor,
    *,
    objective: Objective,
    shape: Shape,
    dtype: DType,
) -> Tensor:
    """Return the distance of two feature maps (1, C, H, W), unweighted."""
    difference = features - target
    if objective.content_distance == "scaled":
        return scaled_distance(operators, difference, size=math.prod(shape), dtype=dtype)
    # MXNet 2's mean of float64 is float32 unless it is told; so everywhere below.
    return operators.np.square(difference).mean(dtype=dtype)


def gram_loss(
    operators: Operators,
    features: Tensor,
    target: Tensor,
    *,
    root: Tensor | None,
    objective: Objective,
    shape: Shape,
    dtype: DType,
) -> Tensor:
    """Return the distance of a region's Gram matrix and ``target`` (C, C), unweighted."""
    difference = gram(operators, features, shape=shape, root=root) - target
    if objective.style_distance == "scaled":
        channels, *_ = shape
        over_pixels = difference * float(channels)
        return scaled_distance(operators, over_pixels, size=channels**2, dtype=dtype)
    return operators.np.square(difference).mean(dtype=dtype)


def total_variation(operators: Operators, x: Tensor, *, dtype: DType) -> Tensor:
    """Return half the mean absolute vertical difference of ``x`` (1, 3, H, W) plus horizontal."""
    vertical = operators.np.abs(x[:, :, 1:, :] - x[:, :, :-1, :]).mean(dtype=dtype)
    horizontal = operators.np.abs(x[:, :, :, 1:] - x[:, :, :, :-1]).mean(dtype=dtype)
    return 0.5 * (vertical + horizontal)


@dataclass(frozen=True, slots=True)
class Targets:
    """What the image is compared with, by tap: features, and the styles' statistics."""

    content: Mapping[str, Tensor]
    style: Mapping[str, StyleTarget]


@dataclass(frozen=True, slots=True)
class WeightedLosses:
    """The weighted losses of one evaluation, as scalars still on the device.

    ``parts`` is an array (N,): content, then style, by tap as in ``objective``, then total
    variation; ``total`` is an array (). Style losses that were computed in NumPy are in ``known``
    instead, by tap, and in neither of these.
    """

    objective: Objective
    parts: Tensor
    total: Tensor
    known: Mapping[str, float]

    def read(self) -> Losses:
        """Wait for the values and bring them over."""
        values = iter(self.parts.asnumpy().tolist())
        return Losses(
            content={tap: next(values) for tap in self.objective.content},
            style={
                tap: self.known[tap] if tap in self.known else next(values)
                for tap in self.objective.style
            },
            total_variation=next(values),
            total=float(self.total.asnumpy())
            + self.objective.style_counted * sum(self.known.values()),
        )


class ObjectiveBlock(Block):
    """From the normalised image to the weighted losses, through the network.

    Args:
        network: VGG-19 with the objective's taps.
        objective: What is minimised.
        targets: What the image is compared with.
        height: Height of the images that this block is for.
        width: Their width.
    """

    def __init__(
        self, network: Network, objective: Objective, targets: Targets, *, height: int, width: int
    ) -> None:
        super().__init__()
        self.network = network
        self.objective = objective
        self.targets = targets
        self.shapes = {tap: feature_shape(tap, height=height, width=width) for tap in network.taps}

    def differentiate(self, x: Tensor) -> WeightedLosses:
        """Return all losses of the normalised image ``x`` (1, 3, H, W); ``x.grad`` is theirs."""
        with mx.autograd.record():
            parts, total, *moments = self(x, *self._inputs())
        known, gradients = self._compared(moments) if moments else ({}, [])
        mx.autograd.backward([total, *moments], [mx.np.ones_like(total), *gradients])
        return WeightedLosses(self.objective, parts, total, known)

    def compute(self, operators: Operators, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return weighted losses (N,), their total (), and the moments that are compared outside.

        ``inputs`` are the image, then ``_inputs``, here perhaps symbols.
        """
        x, *rest = inputs
        given = iter(rest)
        dtype = self.network.dtype
        features = dict(zip(self.network.taps, self.network(x), strict=True))
        content = [
            weight
            * content_loss(
                operators,
                features[tap],
                next(given),
                objective=self.objective,
                shape=self.shapes[tap],
                dtype=dtype,
            )
            for tap, weight in self.objective.content.items()
        ]
        style: list[Tensor] = []
        outside: list[Tensor] = []
        for tap, weight in self.objective.style.items():
            losses, moments = self._style(operators, tap, features[tap], given)
            style += [weight * sum(losses[1:], losses[0])] if losses else []
            outside += moments
        tv = self.objective.total_variation * total_variation(operators, x, dtype=dtype)
        counted = [self.objective.style_counted * loss for loss in style]
        parts = operators.np.stack([*content, *style, tv])
        return parts, operators.np.stack([*content, *counted, tv]).sum(), *outside

    def _style(
        self, operators: Operators, tap: str, features: Tensor, given: Iterator[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the losses of a tap's regions, or their moments if they are compared outside."""
        losses: list[Tensor] = []
        outside: list[Tensor] = []
        shape = self.shapes[tap]
        for region in self.targets.style[tap]:
            root = None if region.root is None else next(given)
            if isinstance(region.statistics, Gaussian):
                outside += moments(operators, features, shape=shape, root=root)
                continue
            loss = gram_loss(
                operators,
                features,
                next(given),
                root=root,
                objective=self.objective,
                shape=shape,
                dtype=self.network.dtype,
            )
            losses.append(loss if region.area == 1 else region.area * loss)
        return losses, outside

    def _inputs(self) -> Iterator[Tensor]:
        """Yield the arrays that ``compute`` takes besides the image, in its order."""
        yield from self.targets.content.values()
        for target in self.targets.style.values():
            for region in target:
                if region.root is not None:
                    yield region.root
                if not isinstance(region.statistics, Gaussian):
                    yield region.statistics

    def _compared(self, found: Sequence[Tensor]) -> tuple[dict[str, float], list[Tensor]]:
        """Compare moments with the targets: tap -> weighted loss; the gradient by each moment."""
        known: dict[str, float] = {}
        gradients: list[Tensor] = []
        pairs = zip(found[::2], found[1::2], strict=True)
        for tap, weight in self.objective.style.items():
            known[tap] = 0.0
            for region in self.targets.style[tap]:
                assert isinstance(region.statistics, Gaussian), "all of them, or none"
                values = next(pairs)
                distance = region.statistics.distance(*(value.asnumpy() for value in values))
                known[tap] += weight * region.area * distance.value
                scale = self.objective.style_counted * weight * region.area
                gradients += [
                    like_array(scale * part, value)
                    for part, value in zip(distance[1:], values, strict=True)
                ]
        return known, gradients
