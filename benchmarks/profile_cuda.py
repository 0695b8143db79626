"""Measures what each layer of a step costs on a GPU: convolutions, ReLU, pooling, losses.

    python benchmarks/profile_cuda.py --size 300x450,1024x1536 \
        --output benchmarks/results/profile-cuda

Each piece of work of ``nst_pytorch.network.Network`` is repeated alone in a CUDA graph, so no time
of launches is in it; its data lie in the GPU's cache if they fit. "whole step" is a step as it is
run, whose kernels follow each other and evict each other's data. The row of a layer has its
convolution with ReLU and pooling in both passes, and the losses at its taps. On a CPU the script
runs too, for tests.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from measuring import figures, script
from measuring.pictures import load_pictures
from measuring.record import Machine
from measuring.variant_spec import VariantSpec, label
from nst_core.backend import Objective
from nst_core.compare.markdown import markdown_table
from nst_core.spec import presets
from nst_core.vgg19 import Layer, feature_shape, layers_until
from nst_pytorch.content_loss import ContentLoss
from nst_pytorch.feature_map import ALL, FeatureMap
from nst_pytorch.loss_terms import SeparableLoss
from nst_pytorch.network import Network
from nst_pytorch.precision import Arithmetic
from nst_pytorch.style_loss import GramLoss
from variants import Pictures
from variants.prepare import prepare

KINDS = ("forward", "backward", "ReLU, masks", "pooling", "losses")
_REPEATS, _REPLAYS = 10, 5


class Row(BaseModel):
    """One layer: the milliseconds of each kind of work, and the operations of its convolution."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: str
    gflop: float
    kinds: dict[str, float]


class Layers(BaseModel):
    """All layers of one variant at one size; ``step_ms`` is the median of whole steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str
    height: int
    width: int
    device: str
    step_ms: float
    rows: tuple[Row, ...]


class Profile(BaseModel):
    """All measurements."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    found: tuple[Layers, ...]


def table(profile: Profile) -> str:
    """Return milliseconds per VGG block as Markdown."""
    rows = []
    for one in profile.found:
        groups: dict[str, list[Row]] = {}
        for row in one.rows:
            groups.setdefault(f"{row.layer[:5]}_1...", []).append(row)
        groups["all"] = list(one.rows)
        head = (label(one.variant), f"{one.height}x{one.width}")
        rows += [(*head, name, *_cells(those)) for name, those in groups.items()]
        rows.append((*head, "whole step", *("" for _ in KINDS), f"{one.step_ms:.3f}", ""))
    return markdown_table(("variant", "size", "ms", *KINDS, "sum", "TFLOP/s"), rows)


def _cells(rows: list[Row]) -> list[str]:
    kinds = [sum(row.kinds.get(kind, 0.0) for row in rows) for kind in KINDS]
    convolving = kinds[0] + kinds[1]
    rate = sum(2 * row.gflop for row in rows) / convolving if convolving else 0.0
    return [f"{value:.3f}" for value in (*kinds, sum(kinds))] + [f"{rate:.0f}"]


def figure(profile: Profile) -> Figure:
    """Draw a bar per layer, with a section per kind of work, for the last measurement."""
    last = profile.found[-1]
    drawn, axes = figures.new(x=f"ms, {label(last.variant)}, {last.height}x{last.width}", y="")
    left = [0.0] * len(last.rows)
    for colour, kind in zip(figures.COLOURS, KINDS, strict=False):
        widths = [row.kinds.get(kind, 0.0) for row in last.rows]
        axes.barh([row.layer for row in last.rows], widths, left=left, color=colour, label=kind)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.legend(frameon=False, fontsize="small")
    return drawn


BENCHMARK = script.Benchmark(kind="profile-cuda", content=Profile, table=table, figure=figure)


def measure(spec: VariantSpec, pictures: Pictures, *, device: str) -> Layers:
    """Measure every layer of a variant, then whole steps."""
    where = torch.device(device)
    arithmetic = Arithmetic.of(spec.precision, device=where, dtype=torch.float32)
    with torch.no_grad(), arithmetic.applied():
        rows = tuple(_rows(spec, pictures, where, arithmetic))
    gc.collect()
    variant = prepare(spec, pictures, device=device)
    for _ in range(3):
        variant.step()
    variant.wait()
    steps = [_milliseconds(variant.step, where) for _ in range(20 if where.type == "cuda" else 1)]
    height, width, _ = pictures.content.shape
    return Layers(
        variant=spec.name,
        height=height,
        width=width,
        device=torch.cuda.get_device_name() if where.type == "cuda" else "cpu",
        step_ms=statistics.median(steps),
        rows=rows,
    )


def _rows(
    spec: VariantSpec, pictures: Pictures, device: torch.device, arithmetic: Arithmetic
) -> Iterator[Row]:
    height, width, _ = pictures.content.shape
    objective = presets.load(spec.preset).objective()
    taps = objective.taps()
    network = Network(
        pictures.weights, taps=taps, device=device, dtype=torch.float32,
        convolutions=arithmetic.convolutions,
    )  # fmt: skip

    def values(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        drawn = torch.randn(1, *shape, device=device).to(dtype)
        return drawn.contiguous(memory_format=torch.channels_last)

    def shape_of(layer: Layer) -> tuple[int, int, int]:
        return feature_shape(layer.name, height=height, width=width)

    row: dict[str, Any] = {}
    before: tuple[int, int, int] = (3, height, width)
    for layer in layers_until(taps):
        after, compute = shape_of(layer), arithmetic.convolutions
        if layer.kind == "conv":
            if row:
                yield Row(**row)
            row = {"layer": layer.name, "gflop": _gflop(layer, after), "kinds": {}}
        kinds = row["kinds"]
        kinds.update(_work(network, layer, values(before, compute), values(after, compute), device))
        if layer.name in taps:
            kinds["losses"] = _losses(layer.name, objective, values(after, torch.float32), device)
        before = after
    yield Row(**row)


def _work(
    network: Network, layer: Layer, x: Tensor, gradient: Tensor, device: torch.device
) -> dict[str, float]:
    """Return kind of work -> milliseconds, for one layer without its losses."""
    if layer.kind == "conv":
        return {
            "forward": _best(lambda: network._convolve(layer, x), device),
            "backward": _best(lambda: network._input_gradient(layer, gradient), device),
        }
    if layer.kind == "relu":
        passed = gradient > 0

        def relu() -> None:
            if layer.name not in network._fused:
                torch.relu_(x)
            if layer.name not in network.taps:
                torch.gt(x, 0)
            gradient.mul_(passed)

        return {"ReLU, masks": _best(relu, device)}

    def pool() -> None:
        found, codes = torch.ops.aten.max_pool2d_with_indices(x, [2, 2], [2, 2])
        torch.ops.aten.max_pool2d_with_indices_backward(
            found, x, [2, 2], [2, 2], [0, 0], [1, 1], False, codes
        )

    return {"pooling": _best(pool, device)}


def _losses(tap: str, objective: Objective, features: Tensor, device: torch.device) -> float:
    found = FeatureMap.from_nchw(features)
    terms: list[SeparableLoss] = []
    if tap in objective.content:
        terms.append(ContentLoss(tap, found.copy(), weight=1.0))
    if tap in objective.style:
        target = torch.zeros(found.channels, found.channels, device=device)
        terms.append(GramLoss(tap, target, weight=1.0, multiplicity=1.0))
    gradient = found.copy()

    def evaluate() -> None:
        for term in terms:
            _, add_gradient = term(found)
            add_gradient(gradient.padded, found.padded, ALL)

    return _best(evaluate, device)


def _best(work: Callable[[], object], device: torch.device) -> float:
    """Return the least milliseconds of ``work``, over several replays of several repetitions."""
    if device.type != "cuda":
        return _milliseconds(work, device)
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(_REPEATS):
            work()
    graph.replay()
    return min(_milliseconds(graph.replay, device) for _ in range(_REPLAYS)) / _REPEATS


def _milliseconds(work: Callable[[], object], device: torch.device) -> float:
    if device.type != "cuda":
        began = time.perf_counter()
        work()
        return 1e3 * (time.perf_counter() - began)
    begin, end = (_timed_event() for _ in range(2))
    torch.cuda.synchronize()
    begin.record()
    work()
    end.record()
    torch.cuda.synchronize()
    return float(begin.elapsed_time(end))


def _timed_event() -> Any:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


def _gflop(layer: Layer, shape: tuple[int, int, int]) -> float:
    outs, height, width = shape
    return 2 * 9 * layer.in_channels * outs * height * width / 1e9


def profile(names: list[str], sizes: list[str], *, device: str) -> Iterator[Profile]:
    """Measure one variant after the other, and yield all that was measured each time."""
    machine, found = Machine.here(), []
    for size in sizes:
        pictures = load_pictures(size)
        for name in names:
            found.append(measure(VariantSpec.parse(name), pictures, device=device))
            yield Profile(machine=machine, found=tuple(found))
            gc.collect()
            if device.startswith("cuda"):
                torch.cuda.empty_cache()


def main() -> None:
    """Read the command line, measure, write the files after each variant and print the table."""
    parser = script.parser(__doc__, "output", sizes="300x450", device="cuda")
    names = ["nst-pytorch", "nst-pytorch@precision=bf16"]
    parser.add_argument("--variants", nargs="+", default=names, help="variants of nst-pytorch")
    options = parser.parse_args()
    for found in profile(options.variants, options.sizes, device=options.device):
        BENCHMARK.save(options.output, found)


if __name__ == "__main__":
    main()
