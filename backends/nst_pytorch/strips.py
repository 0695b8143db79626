"""VGG-19 on a CPU, block by block of the picture, in buffers that are kept for the run.

The same as ``network.Network``, for images of one size: each block goes through a convolution by
Winograd, its ReLU, and its pooling where no tap lies between, on one core and in its cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from nst_core.arrays import Array
from nst_core.backend import PLAIN_VGG, Architecture, Pooling
from nst_core.vgg19 import Layer, layers_until
from nst_pytorch import winograd
from nst_pytorch.blocks import Block, blocks_of
from nst_pytorch.buffers import Turns, clear_border
from nst_pytorch.first import FirstStage
from nst_pytorch.heads import Head
from nst_pytorch.judging import Convolve, Losses
from nst_pytorch.maps import EVERYWHERE
from nst_pytorch.network import Evaluated, Visit
from nst_pytorch.sharing import Convolution, Shared
from nst_pytorch.stage import Stage
from nst_pytorch.winograd import Scratch
from nst_pytorch.workers import workers

_TILES = ((256, 200), (128, 240), (0, 360))
"""From how many channels on a block has at most how many tiles, the first that holds. Measured:
fewer leave Python no time to keep two cores busy, more leave the cache."""
_ROWS = 16
"""Rows that a worker takes at a time, where there are no tiles."""


class Strips:
    """VGG-19 cut after the deepest of ``taps``, for images of one size.

    Args:
        weights: Canonical arrays, ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,), ...
        taps: Names of the taps to keep; at least one.
        size: (H, W) of the images.
        dtype: In what to compute.
        architecture: How it pools and pads.
    """

    def __init__(
        self,
        weights: Mapping[str, Array],
        *,
        taps: Sequence[str],
        size: tuple[int, int],
        dtype: torch.dtype,
        architecture: Architecture = PLAIN_VGG,
    ) -> None:
        self._workers = workers()
        self._scratch = [Scratch(dtype) for _ in range(self._workers.count)]
        self.first, self.stages, _ = stages_of(
            taps, size=size, dtype=dtype, pooling=architecture.pooling
        )

        def parameters(layer: Layer) -> tuple[Tensor, Tensor]:
            # Canonical arrays are read-only and shared between backends: copies.
            weight = torch.from_numpy(weights[f"{layer.name}.weight"].copy()).to(dtype)
            return weight, torch.tensor(weights[f"{layer.name}.bias"], dtype=dtype)

        self.first.allocate(
            *parameters(self.first.conv),
            self._scratch,
            replicates=architecture.padding == "replicate",
        )
        self._layers = [convolution_of(stage) for stage in self.stages]
        self._shared = Shared(self._scratch, dtype, self._layers)
        self._biases, self._kernels = [], []
        for stage in self.stages:
            stage.allocate()
            weight, bias = parameters(stage.conv)
            self._biases.append(bias)
            self._kernels.append(winograd.forward_kernels(weight))

    @torch.no_grad()
    def visit(self, x: Tensor, see: Visit) -> None:
        """Show ``see`` each tap's features of ``x`` (1, 3, H, W), which it must not keep."""
        self.first.load(x)
        for tap, features in self.first.taps():
            see(tap, features, EVERYWHERE)
        for number, stage in enumerate(self.stages):
            self._forward(number)
            for tap, kept in stage.taps():
                see(tap, kept, EVERYWHERE)

    @torch.no_grad()
    def evaluate(self, x: Tensor, heads: Mapping[str, Sequence[Head]]) -> Evaluated:
        """Return the losses that ``heads``, by tap, find in ``x`` (1, 3, H, W), and a gradient."""
        self.first.load(x)
        for number in range(len(self.stages)):
            self._forward(number)
        losses = self._settle(heads)
        for number in reversed(range(len(self.stages))):
            losses += self._backward(number, heads)
        return Evaluated(losses, self.first.image_gradient())

    def _before(self, number: int) -> Stage | FirstStage:
        return self.stages[number - 1] if number else self.first

    def _forward(self, number: int) -> None:
        stage, previous = self.stages[number], self._before(number)
        for feature_map in (stage.z, stage.y, stage.out):
            if feature_map is not None:
                clear_border(feature_map)
        self._shared.convolve(
            self._layers[number],
            previous.around,
            self._kernels[number],
            stage.forward,
            bias=self._biases[number],
        )
        if stage.pool and not stage.fused:
            self._by_rows(stage.out_size[0], stage.pool_rows)

    def _settle(self, heads: Mapping[str, Sequence[Head]]) -> Losses:
        """Begin the backward pass at the last stage, which ends with a tap."""
        last = self._before(len(self.stages))
        losses, additions = last.judge(heads)

        def begin(worker: int, block: Block) -> None:
            last.backward(block, _nothing, additions, self._scratch[worker])

        self._workers.each(blocks_for(last.size, channels=last.conv.out_channels), begin)
        return losses

    def _backward(self, number: int, heads: Mapping[str, Sequence[Head]]) -> Losses:
        """Go back from what a stage's convolution puts out to what that of the one before does."""
        stage, previous = self.stages[number], self._before(number)
        losses, additions = previous.judge(heads)
        if isinstance(previous, Stage) and (previous.kept is None or previous.pool):
            clear_border(previous.gradient)

        def put(block: Block, convolve: Convolve, scratch: Scratch) -> None:
            previous.backward(block, convolve, additions, scratch)

        layer, kernels = self._layers[number], self._kernels[number]
        self._shared.convolve(layer, stage.flowing, kernels, put, turned=True)
        if isinstance(previous, Stage) and previous.pool and not previous.fused:

            def unpool(top: int, rows: int, scratch: Scratch) -> None:
                previous.unpool_rows(top, rows, additions, scratch)

            self._by_rows(previous.out_size[0], unpool)
        return losses

    def _by_rows(self, height: int, work: Callable[[int, int, Scratch], None]) -> None:
        """Do ``work(top, rows, scratch)`` for all rows of ``height``."""
        rows = min(_ROWS, -(-height // self._workers.count))

        def some(worker: int, top: int) -> None:
            work(top, min(rows, height - top), self._scratch[worker])

        self._workers.each(range(0, height, rows), some)


def _nothing(outs: Sequence[Tensor]) -> None:
    """Write the gradient where none comes from further on."""
    for out in outs:
        out.zero_()


def blocks_for(size: tuple[int, int], *, channels: int) -> list[Block]:
    """Return the blocks in which a convolution of ``size`` (H, W) with so many channels is done."""
    tiles = next(count for least, count in _TILES if channels >= least)
    return blocks_of(*size, tiles=tiles, least=workers().count)


def convolution_of(stage: Stage) -> Convolution:
    """Return a stage's convolution as the workers share it."""
    outs = stage.conv.out_channels
    return Convolution(blocks_for(stage.size, channels=outs), stage.conv.in_channels, outs)


def stages_of(
    taps: Sequence[str],
    *,
    size: tuple[int, int],
    dtype: torch.dtype,
    pooling: Pooling = "max",
) -> tuple[FirstStage, list[Stage], list[Turns]]:
    """Return the stages up to the deepest tap, and where they take turns; nothing is allocated."""
    aside, *turns = Turns(dtype), Turns(dtype), Turns(dtype)
    names = frozenset(taps)
    first_layers, *others = _groups(layers_until(taps))
    first = FirstStage(first_layers, taps=names, size=size)
    stages: list[Stage] = []
    for layers in others:
        stage = Stage(
            layers,
            taps=names,
            size=size,
            turn=turns[len(stages) % 2],
            aside=aside,
            dtype=dtype,
            pooling=pooling,
        )
        size = stage.out_size
        stages.append(stage)
    return first, stages, [aside, *turns]


def _groups(layers: Sequence[Layer]) -> list[list[Layer]]:
    """Return the layers, each convolution with what follows it."""
    groups: list[list[Layer]] = []
    for layer in layers:
        if layer.kind == "conv":
            groups.append([])
        groups[-1].append(layer)
    return groups
