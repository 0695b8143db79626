"""VGG-19's features up to the last tap, and the gradient of what is made of them.

The weights are constants, so the backward pass needs no activations: only which values the ReLUs
let through, which ones the poolings chose, and the taps. It is written out here, without autograd,
so that nothing else is kept; and for the first blocks, whose arrays are the largest, not even that:
they go through strips of a few rows, and are computed again in the backward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from nst_core.arrays import Array
from nst_core.backend import PLAIN_VGG, Architecture, DType
from nst_core.system.memory import trim_heap
from nst_core.vgg19 import Layer, layers_until
from nst_mxnet._framework import Context, Tensor, mx
from nst_mxnet.footprint import AGAIN
from nst_mxnet.losses import Gradient, Head, Loss
from nst_mxnet.padding import replicated, replicated_backward
from nst_mxnet.pooling import Choice, average_pooled, average_unpooled, max_pooled, max_unpooled
from nst_mxnet.statistics import Sums, added
from nst_mxnet.strips import Strip, part, placed, rows_of, strips, whole

Visit = Callable[[str, Tensor, slice], None]
"""Is shown a tap, some rows of its features (1, C, rows, W), and which rows they are."""


class Evaluated(NamedTuple):
    """Every head with its weighted loss, and the gradient of the total (1, 3, H, W)."""

    losses: list[tuple[Head, Loss]]
    gradient: Tensor


@dataclass(slots=True)
class Block:
    """The layers up to a pooling, which is the last of them, or to the deepest tap.

    Attributes:
        layers: In order.
        again: Whether its forward pass is computed again in the backward pass.
        chooses: Whether the choices of its pooling are kept all the same, so that the last
            convolution need not be.
    """

    layers: Sequence[Layer]
    again: bool
    chooses: bool = False

    @property
    def pools(self) -> bool:
        """Whether it ends with a pooling."""
        return self.layers[-1].kind == "pool"

    def strips(self, shape: Sequence[int], item: int) -> list[Strip]:
        """Return the strips in which an input of ``shape`` (1, C, H, W) goes through it."""
        _, _, height, width = shape
        if not self.again:
            return [whole(height)]
        rows = rows_of(item * width * self.layers[0].out_channels)
        beyond = sum(layer.kind == "conv" for layer in self.layers)
        return list(strips(height, rows=rows, beyond=beyond))

    def pooled(self, strip: Strip) -> Strip:
        """Return the rows that come of a strip's."""
        return strip.pooled() if self.pools else strip


class Network:
    """VGG-19 cut after the deepest of ``taps``.

    Args:
        weights: Canonical arrays, ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,), ...
        taps: Names of the taps to keep; at least one.
        device: Where to compute.
        dtype: In what to compute.
        architecture: How it pools and pads.
        checkpointing: Whether every block's forward pass is computed again in the backward pass.
    """

    def __init__(
        self,
        weights: Mapping[str, Array],
        *,
        taps: Sequence[str],
        device: Context,
        dtype: DType,
        architecture: Architecture = PLAIN_VGG,
        checkpointing: bool = False,
    ) -> None:
        self.architecture = architecture
        self._checkpointing = checkpointing
        self._item = 8 if dtype == "float64" else 4
        layers = layers_until(taps)
        self.taps = tuple(layer.name for layer in layers if layer.name in taps)
        groups = groupby(layers, key=lambda layer: layer.poolings - (layer.kind == "pool"))
        self.blocks = [
            Block(list(block), again=checkpointing or number < AGAIN) for number, block in groups
        ]
        for block in [] if checkpointing else self.blocks[1:AGAIN]:
            # The first block's would be twice as large, and its last convolution is as fast.
            block.chooses = self._may_choose(block)
        with device:
            # mx.np.array copies: canonical arrays are read-only and shared between backends.
            self.parameters = {
                layer.name: tuple(
                    mx.np.array(weights[f"{layer.name}.{kind}"], dtype=dtype)
                    for kind in ("weight", "bias")
                )
                for layer in layers
                if layer.kind == "conv"
            }

    def visit(self, x: Tensor, see: Visit) -> None:
        """Show ``see`` the features of ``x`` (1, 3, H, W), tap by tap and strip by strip."""
        for block in self.blocks:
            x = self._through(block, x, see)
            # Of what is queued every array is held until its turn has come.
            mx.npx.waitall()
        del x
        trim_heap()

    def evaluate(self, x: Tensor, heads: Mapping[str, Sequence[Head]]) -> Evaluated:
        """Return the losses that ``heads``, by tap, find in ``x`` (1, 3, H, W), and a gradient."""
        found: dict[Head, Sums] = {}

        def see(tap: str, features: Tensor, rows: slice) -> None:
            for head in heads.get(tap, ()):
                found[head] = added(found.get(head), head.sums(features, rows))

        passed: list[_Passed] = []
        for block in self.blocks:
            record = None if block.again else _Record()
            choices: list[Choice] = []
            passed.append(_Passed(block, x.shape, x if block.again else None, record, choices))
            x = self._through(block, x, see, record, choices if block.chooses else None)
            self._settle()
        del x
        judged = {head: head.judge(sums) for head, sums in found.items()}
        flowing = {tap: [judged[head].gradient for head in heads.get(tap, ())] for tap in self.taps}
        gradient = None
        while passed:
            gradient = self._back(passed.pop(), gradient, flowing)
            self._settle()
        return Evaluated([(head, one.loss) for head, one in judged.items()], gradient)

    def _may_choose(self, block: Block) -> bool:
        """Return whether the pooling's choices are all that its last convolution is needed for."""
        if not block.pools or self.architecture.pooling != "max":
            return False
        return not {layer.name for layer in block.layers[-3:]} & set(self.taps)

    def _settle(self) -> None:
        """Wait for what is queued; where memory counts most, hand back what it has freed.

        New pages for every block would be 8 % of a step otherwise.
        """
        mx.npx.waitall()
        if self._checkpointing:
            trim_heap()

    def _through(
        self,
        block: Block,
        x: Tensor,
        see: Visit,
        record: _Record | None = None,
        choices: list[Choice] | None = None,
    ) -> Tensor:
        """Return what a block makes of all of ``x``, showing ``see`` the taps on the way."""
        out = None
        for strip in block.strips(x.shape, self._item):
            found = self._forward(
                block.layers, part(x, strip.taken), strip, see=see, record=record, choices=choices
            )
            if strip.own == strip.taken:
                return found
            to = block.pooled(strip)
            if block is self.blocks[-1]:
                continue  # nobody wants it
            if out is None:
                _, _, height, width = x.shape
                shape = (1, found.shape[1], height >> block.pools, width >> block.pools)
                out = placed(None, to.own, like=shape, of=found)
            out[:, :, to.own] = part(found, to.inside)
        return out

    def _back(
        self, passed: _Passed, gradient: Tensor | None, flowing: Mapping[str, Sequence[Gradient]]
    ) -> Tensor:
        """Return the gradient of a block's input from that of what it put out, if it has one."""
        block, shape, x, record, choices = passed
        if record is not None:
            strip = whole(shape[2])
            return self._backward(block, gradient, strip, record, flowing)
        out = None
        for strip in block.strips(shape, self._item):
            record = _Record()
            window = part(x, strip.taken)
            if block.chooses:
                made = self._chosen(block, window, strip, record, choices.pop(0))
            else:
                made = self._forward(block.layers, window, strip, record=record).shape
            to, above = block.pooled(strip), None
            if gradient is not None:
                above = placed(part(gradient, to.own), to.inside, like=made, of=gradient)
            del window
            found = self._backward(block, above, strip, record, flowing)
            if strip.own == strip.taken:
                return found
            if out is None:
                out = placed(None, strip.taken, like=shape, of=found)
            out[:, :, strip.taken] += found
        return out

    def _chosen(
        self, block: Block, x: Tensor, strip: Strip, record: _Record, choice: Choice
    ) -> tuple[int, ...]:
        """Compute a strip again but for what the pooling's choices tell; return their shape."""
        *layers, convolution, _, pool = block.layers
        self._forward(layers, x, strip, record=record)
        record.choices[pool.name] = choice
        record.shapes[pool.name] = (1, convolution.out_channels, *x.shape[2:])
        shape: tuple[int, ...] = choice.positive.shape
        return shape

    def _forward(
        self,
        layers: Sequence[Layer],
        x: Tensor,
        strip: Strip,
        *,
        see: Visit | None = None,
        record: _Record | None = None,
        choices: list[Choice] | None = None,
    ) -> Tensor:
        for layer, following in zip(layers, [*layers[1:], None], strict=True):
            if layer.kind == "conv":
                x = self._convolve(layer, x)
            elif layer.kind == "relu":
                x = mx.npx.activation(x, act_type="relu")
                if record is not None and not self._tells(layer, following):
                    record.masks[layer.name] = x > 0
            else:
                x = self._pool(layer, x, record, choices)
            if layer.name in self.taps:
                if see is not None:
                    see(layer.name, part(x, strip.inside), strip.own)
                if record is not None:
                    record.features[layer.name] = x
        return x

    def _tells(self, relu: Layer, following: Layer | None) -> bool:
        """Return whether something else that is kept tells which values a ReLU lets through."""
        if relu.name in self.taps or _before(relu) in self.taps:
            return True
        pools = following is not None and following.kind == "pool"
        return pools and self.architecture.pooling == "max"

    def _convolve(self, layer: Layer, x: Tensor) -> Tensor:
        weight, bias = self.parameters[layer.name]
        padding = 1
        if self._replicates(layer):
            x, padding = replicated(x), 0
        with _weights_as_they_are():
            return mx.npx.convolution(
                x,
                weight,
                bias,
                kernel=(3, 3),
                pad=(padding, padding),
                num_filter=layer.out_channels,
            )

    def _pool(
        self,
        layer: Layer,
        x: Tensor,
        record: _Record | None,
        choices: list[Choice] | None,
    ) -> Tensor:
        if record is not None:
            record.shapes[layer.name] = x.shape
        if self.architecture.pooling == "average":
            return average_pooled(x)
        if record is None and choices is None:
            return mx.npx.pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max")
        pooled, choice = max_pooled(x)
        if choices is not None:
            choices.append(choice)
        if record is not None:
            record.choices[layer.name] = choice
        return pooled

    def _backward(
        self,
        block: Block,
        gradient: Tensor | None,
        strip: Strip,
        record: _Record,
        flowing: Mapping[str, Sequence[Gradient]],
    ) -> Tensor:
        for layer in reversed(block.layers):
            features = record.features.pop(layer.name, None)
            for found in flowing.get(layer.name, ()):
                own = found(part(features, strip.inside), strip.own)
                gradient = _added(gradient, own, strip.inside, like=features)
            if layer.kind == "conv":
                gradient = self._input_gradient(layer, gradient)
            elif layer.kind == "pool":
                gradient = self._unpool(layer, gradient, record)
            else:
                if features is None:
                    features = record.features.get(_before(layer))
                mask = record.masks.pop(layer.name, None) if features is None else features > 0
                # Without a mask the pooling after it has let through what the ReLU does.
                gradient = gradient if mask is None else gradient * mask
        return gradient

    def _unpool(self, layer: Layer, gradient: Tensor, record: _Record) -> Tensor:
        shape = record.shapes.pop(layer.name)
        if self.architecture.pooling == "average":
            return average_unpooled(gradient, shape)
        return max_unpooled(gradient, record.choices.pop(layer.name), shape)

    def _input_gradient(self, layer: Layer, gradient: Tensor) -> Tensor:
        weight, _ = self.parameters[layer.name]
        padding = 0 if self._replicates(layer) else 1
        # What turns a convolution's output back into its input: the same as its gradient, to the
        # bit, and it wants nothing of the forward pass.
        with _weights_as_they_are():
            found = mx.npx.deconvolution(
                gradient,
                weight,
                kernel=(3, 3),
                stride=(1, 1),
                pad=(padding, padding),
                num_filter=layer.in_channels,
                no_bias=True,
            )
        return replicated_backward(found) if self._replicates(layer) else found

    def _replicates(self, layer: Layer) -> bool:
        return layer.name == "conv1_1" and self.architecture.padding == "replicate"


class _Passed(NamedTuple):
    """What the backward pass finds of a block: its input or its record."""

    block: Block
    shape: tuple[int, int, int, int]
    x: Tensor | None
    record: _Record | None
    choices: list[Choice]


@dataclass(slots=True)
class _Record:
    """What the backward pass needs of a block, or of a strip of it."""

    features: dict[str, Tensor] = field(default_factory=dict)
    masks: dict[str, Tensor] = field(default_factory=dict)
    choices: dict[str, Choice] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)


def _added(gradient: Tensor | None, own: Tensor, rows: slice, *, like: Tensor) -> Tensor:
    if gradient is None:
        return placed(own, rows, like=like.shape, of=like)
    if own.shape == gradient.shape:
        gradient += own
    else:
        gradient[:, :, rows] += own
    return gradient


def _before(relu: Layer) -> str:
    return relu.name.replace("relu", "conv")


def _weights_as_they_are() -> AbstractContextManager[None]:
    """Keep convolutions from bringing the weights into an order of their own, within.

    As they do outside training, for the next time: then the same weights are no good for the
    gradient.
    """
    training: AbstractContextManager[None] = mx.autograd.train_mode()
    return training
