"""Measures each convolution of VGG-19 on a CPU, directly and by Winograd in blocks, both passes.

    python benchmarks/convolutions.py --output benchmarks/results/convolutions

What ``nst_pytorch/choice.py`` and README say of which is faster is said of this. Direct: PyTorch's,
channels_last, on all cores, with the bias. Both in float32; they alternate, and medians are
compared. conv1_1 is a matrix product in both networks.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict
from torch import Tensor
from torch.nn import functional

from measuring import children, figures, results
from measuring.record import Machine
from nst_core.spec.sizes import Size
from nst_core.vgg19 import BY_NAME, CONVOLUTIONS, feature_shape
from nst_pytorch import buffers, winograd
from nst_pytorch.blocks import Block
from nst_pytorch.judging import Convolve
from nst_pytorch.maps import FeatureMap
from nst_pytorch.places import around, tile_columns, within
from nst_pytorch.sharing import Convolution, Shared
from nst_pytorch.strips import blocks_for
from nst_pytorch.workers import all_cores, one_core, workers

KIND = "convolutions"
DEEPEST = "conv5_1"
_PAUSE = 0.02
"""Until PyTorch's own threads have stopped spinning, which would hold the workers' cores."""
_FLUSHED = 1 << 24
"""Values that are written before each measurement, by the threads that will be measured: as in a
step, they are awake then, and the caches hold other things."""


class Measured(BaseModel):
    """One layer at one size of the image, median seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: str
    height: int
    width: int
    direct_forward: float
    direct_backward: float
    winograd_forward: float
    winograd_backward: float

    @property
    def ratio(self) -> float:
        """Winograd over direct, both passes together."""
        direct = self.direct_forward + self.direct_backward
        return (self.winograd_forward + self.winograd_backward) / direct


class Work(NamedTuple):
    """What is measured, and what prepares the same threads and the caches for it."""

    convolve: Callable[[], None]
    flush: Callable[[], None]


class Convolutions(BaseModel):
    """All that were measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    cores: int
    repeats: int
    found: tuple[Measured, ...]

    def sizes(self) -> list[str]:
        """Return the images' sizes."""
        return list(dict.fromkeys(f"{one.height}x{one.width}" for one in self.found))


def table(measured: Convolutions) -> str:
    """Return milliseconds, direct and Winograd, as Markdown."""
    sizes = measured.sizes()
    lines = [
        "| ms, direct / Winograd | " + " | ".join(sizes) + " |",
        "|---" * (len(sizes) + 1) + "|",
    ]
    for layer in dict.fromkeys(one.layer for one in measured.found):
        cells = [_cell([o for o in _of(measured, size) if o.layer == layer]) for size in sizes]
        lines.append(f"| {layer} | " + " | ".join(cells) + " |")
    lines.append("| all | " + " | ".join(_cell(_of(measured, size)) for size in sizes) + " |")
    return "\n".join(lines) + "\n"


def _of(measured: Convolutions, size: str) -> list[Measured]:
    return [one for one in measured.found if f"{one.height}x{one.width}" == size]


def _cell(found: list[Measured]) -> str:
    direct = sum(one.direct_forward + one.direct_backward for one in found)
    blocks = sum(one.winograd_forward + one.winograd_backward for one in found)
    return f"{1e3 * direct:.1f} / {1e3 * blocks:.1f} = {blocks / direct:.2f}"


def figure(measured: Convolutions) -> Figure:
    """Draw Winograd's share of the direct time, layer by layer."""
    drawn, axes = figures.new(x="", y="Winograd / direct")
    for colour, size in zip(figures.COLOURS, measured.sizes(), strict=False):
        found = _of(measured, size)
        axes.plot(
            [one.layer.removeprefix("conv") for one in found],
            [one.ratio for one in found],
            "o-",
            color=colour,
            label=size,
        )
    axes.axhline(1, color="black", linestyle="--", linewidth=1)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return drawn


def load(content: dict[str, Any]) -> str:
    """Return the table of a result that was read from a file."""
    return table(Convolutions.model_validate(content))


def measure(layer: str, *, height: int, width: int, repeats: int) -> Measured:
    """Measure one layer for images of a size."""
    outs, high, wide = feature_shape(layer, height=height, width=width)
    ins = BY_NAME[layer].in_channels
    weight, bias = torch.randn(outs, ins, 3, 3) / (9 * ins) ** 0.5, torch.randn(outs)
    contestants = [*_direct(weight, bias, high, wide), *_blocks(weight, bias, high, wide)]
    seconds: list[list[float]] = [[] for _ in contestants]
    for _ in range(1 + repeats):
        for taken, work in zip(seconds, contestants, strict=True):
            time.sleep(_PAUSE)
            work.flush()
            began = time.perf_counter()
            work.convolve()
            taken.append(time.perf_counter() - began)
    direct_forward, direct_backward, winograd_forward, winograd_backward = (
        statistics.median(taken[1:]) for taken in seconds
    )
    return Measured(
        layer=layer,
        height=height,
        width=width,
        direct_forward=direct_forward,
        direct_backward=direct_backward,
        winograd_forward=winograd_forward,
        winograd_backward=winograd_backward,
    )


def _direct(weight: Tensor, bias: Tensor, height: int, width: int) -> list[Work]:
    last = torch.channels_last
    outs, ins, *_ = weight.shape
    kernels = weight.contiguous(memory_format=last)
    x = torch.randn(1, ins, height, width).contiguous(memory_format=last)
    gradient = torch.randn(1, outs, height, width).contiguous(memory_format=last)

    other = torch.empty(_FLUSHED)

    def forward() -> None:
        with all_cores(x.device):
            functional.conv2d(x, kernels, bias, padding=1)

    def backward() -> None:
        with all_cores(x.device):
            torch.ops.aten.convolution_backward(
                gradient, x, kernels, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1,
                [True, False, False],
            )  # fmt: skip

    def flush() -> None:
        with all_cores(x.device):
            other.fill_(1)

    return [Work(forward, flush), Work(backward, flush)]


def _blocks(weight: Tensor, bias: Tensor, height: int, width: int) -> list[Work]:
    outs, ins, *_ = weight.shape
    kernels = winograd.forward_kernels(weight)
    scratch = [winograd.Scratch(weight.dtype) for _ in range(workers().count)]
    maps = [
        buffers.own(buffers.bordered(height, width, channels), (height, width), weight.dtype)
        for channels in (ins, outs)
    ]
    for one in maps:
        one.inner.normal_()
    layer = Convolution(blocks_for((height, width), channels=outs), ins, outs)
    shared = Shared(scratch, weight.dtype, [layer])

    other = torch.empty(_FLUSHED).chunk(workers().count)

    def flush() -> None:
        def fill(_: int, part: Tensor) -> None:
            part.fill_(1)

        workers().each(other, fill)

    def work(x: FeatureMap, y: FeatureMap, *, turned: bool) -> Work:
        def source(block: Block, _: winograd.Scratch) -> Tensor:
            return around(x.whole, block)

        def put(block: Block, convolve: Convolve, _: winograd.Scratch) -> None:
            convolve(tile_columns(within(y, block), block))

        added = None if turned else bias

        def convolve() -> None:
            shared.convolve(layer, source, kernels, put, bias=added, turned=turned)

        return Work(convolve, flush)

    x, y = maps
    return [work(x, y, turned=False), work(y, x, turned=True)]


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", default="64x96,96x144,150x225,300x450", metavar="SIZE[,...]")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, required=True, help="path without an ending")
    options = parser.parse_args()
    machine = Machine.here()
    layers = [layer.name for layer in CONVOLUTIONS[1:] if layer.name <= DEEPEST]
    found = []
    workers()  # as many as there are cores: outside, where PyTorch knows of them
    with one_core():
        for text in children.sizes(options.size):
            size = Size.parse(text)
            for layer in layers:
                children.tell(f"{layer} {text}")
                found.append(
                    measure(layer, height=size.height, width=size.width, repeats=options.repeats)
                )
    measured = Convolutions(
        machine=machine, cores=workers().count, repeats=options.repeats, found=tuple(found)
    )
    results.write(options.output, KIND, measured, table=table(measured), figure=figure(measured))


if __name__ == "__main__":
    main()
