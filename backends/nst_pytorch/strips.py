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
from nst_pytorch.first import FirstConvolution
from nst_pytorch.losses import Head
from nst_pytorch.network import Evaluated, Visit
from nst_pytorch.sharing import Convolution, Shared
from nst_pytorch.stage import Convolve, Losses, Stage, around
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
        self.stages, _ = stages_of(taps, size=size, dtype=dtype, pooling=architecture.pooling)
        for stage in self.stages:
            stage.allocate()
        self._layers = [convolution_of(stage) for stage in self.stages]
        self._shared = Shared(self._scratch, dtype, self._layers[1:])
        self._biases, self._kernels = [], []
        for stage in self.stages:
            weight = torch.from_numpy(weights[f"{stage.conv.name}.weight"].copy()).to(dtype)
            bias = torch.tensor(weights[f"{stage.conv.name}.bias"], dtype=dtype)
            self._biases.append(bias)
            if stage is self.stages[0]:
                span = stage.before.whole.shape[1]
                height, width = size
                self._first = FirstConvolution(
                    weight,
                    bias,
                    height=height,
                    width=width,
                    span=span,
                    replicates=architecture.padding == "replicate",
                )
                self._kernels.append(weight)
            else:
                self._kernels.append(winograd.forward_kernels(weight))

    @torch.no_grad()
    def visit(self, x: Tensor, see: Visit) -> None:
        """Show ``see`` each tap's features of ``x`` (1, 3, H, W), which it must not keep."""
        self._first.load(x)
        for number, stage in enumerate(self.stages):
            self._forward(number)
            for tap, features in stage.taps():
                see(tap, features)

    @torch.no_grad()
    def evaluate(self, x: Tensor, heads: Mapping[str, Sequence[Head]]) -> Evaluated:
        """Return the losses that ``heads``, by tap, find in ``x`` (1, 3, H, W), and a gradient."""
        self._first.load(x)
        for number in range(len(self.stages)):
            self._forward(number)
        losses = self._settle(heads)
        for number in reversed(range(len(self.stages))):
            losses += self._backward(number, heads)
        return Evaluated(losses, self._first.image_gradient(self.stages[0].before))

    def _forward(self, number: int) -> None:
        stage, biases = self.stages[number], self._biases
        for feature_map in (stage.z, stage.y, stage.out):
            if feature_map is not None:
                clear_border(feature_map)
        if number == 0:
            into = stage.z or stage.y
            assert into is not None, "conv1_1 is not pooled"

            def convolve_rows(top: int, rows: int, scratch: Scratch) -> None:
                region = self._first.forward(top, rows, into, scratch)
                stage.activate(region, 1 + top, 0, scratch)

            self._by_rows(stage.size[0], convolve_rows)
        else:
            x = self.stages[number - 1].out

            def source(block: Block, _: Scratch) -> Tensor:
                return around(x.whole, block)

            layer, kernels = self._layers[number], self._kernels[number]
            self._shared.convolve(layer, source, kernels, stage.forward, bias=biases[number])
        if stage.pool and not stage.fused:
            self._by_rows(stage.out_size[0], stage.pool_rows)

    def _settle(self, heads: Mapping[str, Sequence[Head]]) -> Losses:
        """Begin the backward pass at the last stage, which has a tap."""
        last = self.stages[-1]
        losses, additions = last.judge(heads)

        def settle(top: int, rows: int, scratch: Scratch) -> None:
            last.settle_rows(top, rows, additions, scratch)

        self._by_rows(last.size[0], settle)
        return losses

    def _backward(self, number: int, heads: Mapping[str, Sequence[Head]]) -> Losses:
        """Go back from what a stage's convolution puts out to what that of the one before does."""
        stage = self.stages[number]
        if number == 0:

            def convolve_rows(top: int, rows: int, scratch: Scratch) -> None:
                self._first.backward(top, rows, stage.before, scratch)

            self._by_rows(stage.size[0], convolve_rows)
            return []
        previous = self.stages[number - 1]
        losses, additions = previous.judge(heads)
        if previous.kept is None or previous.pool:
            clear_border(previous.gradient)

        def put(block: Block, convolve: Convolve, scratch: Scratch) -> None:
            previous.backward(block, convolve, additions, scratch)

        layer, kernels = self._layers[number], self._kernels[number]
        self._shared.convolve(layer, stage.flowing, kernels, put, turned=True)
        if previous.pool and not previous.fused:

            def unpool(top: int, rows: int, scratch: Scratch) -> None:
                previous.unpool_rows(top, rows, additions, scratch)

            self._by_rows(previous.out_size[0], unpool)
        return losses

    def _by_rows(self, height: int, work: Callable[[int, int, Scratch], None]) -> None:
        """Do ``work(top, rows, scratch)`` for all rows of ``height``."""
        count = self._workers.count
        rows = min(_ROWS, -(-height // count))

        def some(worker: int, top: int) -> None:
            work(top, min(rows, height - top), self._scratch[worker])

        self._workers.each(range(0, height, rows), some)


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
) -> tuple[list[Stage], list[Turns]]:
    """Return the stages up to the deepest tap, and where they take turns; nothing is allocated."""
    aside, *turns = Turns(dtype), Turns(dtype), Turns(dtype)
    stages: list[Stage] = []
    for layers in _groups(layers_until(taps)):
        stage = Stage(
            layers,
            taps=frozenset(taps),
            size=size,
            turn=turns[len(stages) % 2],
            aside=aside,
            dtype=dtype,
            pooling=pooling,
        )
        size = stage.out_size
        stages.append(stage)
    return stages, [aside, *turns]


def _groups(layers: Sequence[Layer]) -> list[list[Layer]]:
    """Return the layers, each convolution with what follows it."""
    groups: list[list[Layer]] = []
    for layer in layers:
        if layer.kind == "conv":
            groups.append([])
        groups[-1].append(layer)
    return groups
