"""Measures how the time of a step of nst on a CPU divides among layers and kinds of work.

    python benchmarks/profile_step.py --size 300x450 --output benchmarks/results/profile

The row of a layer has its convolution with ReLU and pooling; in the backward pass also the losses
at the taps before it. The row of conv1_2 includes conv1_1, which is computed wherever needed. The
time of work on several cores at once is divided by their number. The rest of a layer's time is
Python, and cores that wait for each other. The operations are those of direct convolution.
"""

from __future__ import annotations

import statistics
import time

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import figures, script
from measuring.pictures import load_pictures
from measuring.profiling import KINDS, Timers
from measuring.record import Machine, renamed
from measuring.variant_spec import VariantSpec
from nst_core.compare.markdown import markdown_table
from nst_core.spec import presets
from nst_core.vgg19 import CONVOLUTIONS, Layer, feature_shape, layers_until
from nst_pytorch.thread_pool import thread_pool
from variants.prepare import prepare


class Row(BaseModel):
    """A layer in one pass.

    Attributes:
        layer: Its name, for example ``conv1_2``.
        which: ``forward`` or ``backward``.
        gflop: The operations of its direct convolution, in 10^9.
        seconds: The seconds per step.
        kinds: Kind of work -> its part of ``seconds``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: str
    which: str
    gflop: float
    seconds: float
    kinds: dict[str, float]


class Profile(BaseModel):
    """A step; ``seconds`` is its median, measured without the timers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    variant: str = renamed("variant", "contestant")
    height: int
    width: int
    cores: int
    seconds: float
    rows: tuple[Row, ...]


def table(profile: Profile) -> str:
    """Return milliseconds per VGG block as Markdown, with shares and GFLOP/s."""
    groups: dict[str, list[Row]] = {}
    for row in profile.rows:
        groups.setdefault(f"{row.layer[:5]}_1...", []).append(row)
    groups["all"] = list(profile.rows)
    total = sum(row.seconds for row in profile.rows)
    return markdown_table(
        ("ms", "forward", "backward", "share", *KINDS, "GFLOP/s"),
        [_cells(name, rows, total) for name, rows in groups.items()],
    )


def _cells(name: str, rows: list[Row], total: float) -> tuple[str, ...]:
    forward, backward = (
        sum(row.seconds for row in rows if row.which == which) for which in ("forward", "backward")
    )
    kinds = [sum(row.kinds[kind] for row in rows) for kind in KINDS]
    return (
        name,
        *(f"{1e3 * value:.0f}" for value in (forward, backward)),
        f"{(forward + backward) / total:.2f}",
        *(f"{1e3 * value:.0f}" for value in kinds),
        f"{sum(row.gflop for row in rows) / (forward + backward):.0f}",
    )


def figure(profile: Profile) -> Figure:
    """Draw a bar per layer, with a section per kind of work."""
    drawn, axes = figures.new(x="milliseconds per step", y="")
    layers = list(dict.fromkeys(row.layer for row in profile.rows))
    left = [0.0] * len(layers)
    for colour, kind in zip(figures.COLOURS, KINDS, strict=True):
        widths = [
            1e3 * sum(row.kinds[kind] for row in profile.rows if row.layer == layer)
            for layer in layers
        ]
        axes.barh(layers, widths, left=left, color=colour, label=kind)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.legend(frameon=False, fontsize="small")
    return drawn


BENCHMARK = script.Benchmark(kind="profile", content=Profile, table=table, figure=figure)


def measure(spec: VariantSpec, *, size: str, steps: int) -> Profile:
    """Take steps without and with timers."""
    machine, pictures = Machine.here(), load_pictures(size)
    variant = prepare(spec, pictures, device="cpu")
    timers, plain = Timers(thread_pool().count), []
    for number in range(2 + steps):
        began = time.perf_counter()
        variant.step()
        if number >= 2:  # the first two warm up
            plain.append(time.perf_counter() - began)
    with timers.running():
        for _ in range(steps):
            variant.step()
    height, width, _ = pictures.content.shape
    return Profile(
        machine=machine,
        variant=spec.name,
        height=height,
        width=width,
        cores=thread_pool().count,
        seconds=statistics.median(plain),
        rows=tuple(_rows(timers, spec, height, width, steps)),
    )


def _rows(timers: Timers, spec: VariantSpec, height: int, width: int, steps: int) -> list[Row]:
    found = []
    for layer in layers_until(presets.load(spec.preset).taps()):
        for which in ("forward", "backward"):
            name = f"{layer.name} {which}"
            if layer.kind != "conv" or name not in timers.walls:
                continue
            wall = timers.walls[name] / steps
            kinds = {kind: timers.seconds.get((name, kind), 0.0) / steps for kind in KINDS}
            kinds[KINDS[-1]] = wall - sum(kinds.values())
            work = gflop(layer, height, width)
            if layer is CONVOLUTIONS[1]:
                work += gflop(CONVOLUTIONS[0], height, width)
            found.append(Row(layer=layer.name, which=which, gflop=work, seconds=wall, kinds=kinds))
    return found


def gflop(layer: Layer, height: int, width: int) -> float:
    """Return the operations of a layer's direct convolution, in 10^9, for an image of a size."""
    outs, high, wide = feature_shape(layer.name, height=height, width=width)
    return 2 * 9 * layer.in_channels * outs * high * wide / 1e9


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    options = script.parser(__doc__, "output", size="300x450", preset="d2l", steps=10).parse_args()
    spec = VariantSpec.parse(f"nst-pytorch@conv=winograd,preset={options.preset}")
    BENCHMARK.save(options.output, measure(spec, size=options.size, steps=options.steps))


if __name__ == "__main__":
    main()
