"""Measures each convolution of VGG-19 on a CPU, direct and by Winograd in tiles, in both passes.

    python benchmarks/convolutions.py --output benchmarks/results/convolutions

``nst_pytorch/select_network.py`` and the docs rely on these measurements. The direct convolution is
that of PyTorch, channels_last, on all cores, with the bias. Both compute in float32; they
alternate, and medians are compared. conv1_1 is a matrix product in both networks and is left out.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict
from torch import Tensor
from torch.nn import functional

from measuring import children, figures, script
from measuring.record import Machine
from nst_core.compare.markdown import markdown_table
from nst_core.spec.sizes import Size
from nst_core.vgg19 import BY_NAME, CONVOLUTIONS, feature_shape
from nst_pytorch.cpu.buffers import Scratch, allocate, padded_shape
from nst_pytorch.cpu.convolution import ConvolutionPlan, ParallelConvolution
from nst_pytorch.cpu.tiles import TileBlock, tile_columns, tile_interior, with_halo
from nst_pytorch.cpu.winograd import WriteTiles, transform_filters
from nst_pytorch.feature_map import FeatureMap
from nst_pytorch.thread_pool import multi_threaded, single_threaded, thread_pool

DEEPEST = "conv5_1"
_PAUSE = 0.02
"""Seconds until PyTorch's own threads have stopped spinning and free the workers' cores."""
_FLUSHED = 1 << 24
"""Values that are written before each measurement, by the threads that are measured: as in a step,
these are then awake, and the caches hold other data."""


class Measured(BaseModel):
    """One layer at one size of the image: median seconds."""

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
        """Winograd divided by direct, both passes together."""
        direct = self.direct_forward + self.direct_backward
        return (self.winograd_forward + self.winograd_backward) / direct


class Work(NamedTuple):
    """What is measured, and what prepares its threads and the caches."""

    convolve: Callable[[], None]
    flush: Callable[[], None]


class Convolutions(BaseModel):
    """All measurements."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    cores: int
    repeats: int
    found: tuple[Measured, ...]

    def sizes(self) -> list[str]:
        """Return the sizes of the images."""
        return list(dict.fromkeys(f"{one.height}x{one.width}" for one in self.found))


def table(measured: Convolutions) -> str:
    """Return milliseconds, direct and Winograd, as Markdown."""
    sizes = measured.sizes()
    rows = [
        (layer, *(_cell([o for o in _of(measured, size) if o.layer == layer]) for size in sizes))
        for layer in dict.fromkeys(one.layer for one in measured.found)
    ]
    rows.append(("all", *(_cell(_of(measured, size)) for size in sizes)))
    return markdown_table(("ms, direct / Winograd", *sizes), rows)


def _of(measured: Convolutions, size: str) -> list[Measured]:
    return [one for one in measured.found if f"{one.height}x{one.width}" == size]


def _cell(found: list[Measured]) -> str:
    direct = sum(one.direct_forward + one.direct_backward for one in found)
    winograd = sum(one.winograd_forward + one.winograd_backward for one in found)
    return f"{1e3 * direct:.1f} / {1e3 * winograd:.1f} = {winograd / direct:.2f}"


def figure(measured: Convolutions) -> Figure:
    """Draw Winograd's time divided by the direct time, layer by layer."""
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
    figures.mark_one(axes)
    axes.legend(frameon=False)
    return drawn


BENCHMARK = script.Benchmark(kind="convolutions", content=Convolutions, table=table, figure=figure)


def measure(layer: str, *, height: int, width: int, repeats: int) -> Measured:
    """Measure one layer for images of a size."""
    outs, high, wide = feature_shape(layer, height=height, width=width)
    ins = BY_NAME[layer].in_channels
    weight, bias = torch.randn(outs, ins, 3, 3) / (9 * ins) ** 0.5, torch.randn(outs)
    works = [*_direct(weight, bias, high, wide), *_winograd(weight, bias, high, wide)]
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(1 + repeats):
        for taken, work in zip(seconds, works, strict=True):
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
        with multi_threaded(x.device):
            functional.conv2d(x, kernels, bias, padding=1)

    def backward() -> None:
        with multi_threaded(x.device):
            torch.ops.aten.convolution_backward(
                gradient, x, kernels, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1,
                [True, False, False],
            )  # fmt: skip

    def flush() -> None:
        with multi_threaded(x.device):
            other.fill_(1)

    return [Work(forward, flush), Work(backward, flush)]


def _winograd(weight: Tensor, bias: Tensor, height: int, width: int) -> list[Work]:
    outs, ins, *_ = weight.shape
    kernels = transform_filters(weight)
    scratch = [Scratch(weight.dtype) for _ in range(thread_pool().count)]
    maps = [
        allocate(padded_shape(height, width, channels), (height, width), weight.dtype)
        for channels in (ins, outs)
    ]
    for one in maps:
        one.interior.normal_()
    plan = ConvolutionPlan.of((height, width), ins, outs)
    convolution = ParallelConvolution(scratch, weight.dtype, [plan])

    other = torch.empty(_FLUSHED).chunk(thread_pool().count)

    def flush() -> None:
        def fill(_: int, part: Tensor) -> None:
            part.fill_(1)

        thread_pool().map(other, fill)

    def work(x: FeatureMap, y: FeatureMap, *, flipped: bool) -> Work:
        def source(block: TileBlock, _: Scratch) -> Tensor:
            return with_halo(x.padded, block)

        def output(block: TileBlock, write_tiles: WriteTiles, _: Scratch) -> None:
            write_tiles(tile_columns(tile_interior(y, block), block))

        added = None if flipped else bias

        def convolve() -> None:
            convolution.convolve(plan, source, kernels, output, bias=added, flipped=flipped)

        return Work(convolve, flush)

    x, y = maps
    return [work(x, y, flipped=False), work(y, x, flipped=True)]


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    options = script.parser(
        __doc__, "output", sizes="64x96,96x144,150x225,300x450", repeats=7
    ).parse_args()
    machine = Machine.here()
    layers = [layer.name for layer in CONVOLUTIONS[1:] if layer.name <= DEEPEST]
    found = []
    thread_pool()  # as many as there are cores: created here, where PyTorch reports all of them
    with single_threaded():
        for text in options.sizes:
            size = Size.parse(text)
            for layer in layers:
                children.log(f"{layer} {text}")
                found.append(
                    measure(layer, height=size.height, width=size.width, repeats=options.repeats)
                )
    measured = Convolutions(
        machine=machine, cores=thread_pool().count, repeats=options.repeats, found=tuple(found)
    )
    BENCHMARK.save(options.output, measured)


if __name__ == "__main__":
    main()
