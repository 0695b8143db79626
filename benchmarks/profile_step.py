"""Measures what a step of nst's on a CPU is made of, by layer and by kind of work.

    python benchmarks/profile_step.py --size 300x450 --output benchmarks/results/profile

A layer's row holds its convolution with ReLU and pooling, and on the way back what the losses at
the taps before it take; conv1_2's also conv1_1, which is computed wherever it is needed. Work of
several cores at once counts divided by their number; what is left of the layer's time is Python,
and cores that wait for each other. The operations are those of direct convolution.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from iterations import pictures_of, prepare
from measuring import figures, results
from measuring.entry import Entry
from measuring.profiling import KINDS, Timers
from measuring.record import Machine
from nst_core.spec import presets
from nst_core.vgg19 import CONVOLUTIONS, Layer, feature_shape, layers_until
from nst_pytorch.workers import workers

KIND = "profile"


class Row(BaseModel):
    """A layer in one pass.

    Attributes:
        layer: As ``conv1_2``.
        which: ``forward`` or ``backward``.
        gflop: Of its direct convolution, in 10^9.
        seconds: That a step spends on it.
        kinds: Kind of work -> its part of those.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: str
    which: str
    gflop: float
    seconds: float
    kinds: dict[str, float]


class Profile(BaseModel):
    """A step; ``seconds`` is its median without stopwatches in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    contestant: str
    height: int
    width: int
    cores: int
    seconds: float
    rows: tuple[Row, ...]


def table(profile: Profile) -> str:
    """Return milliseconds by block of layers as Markdown, with shares and GFLOP/s."""
    groups: dict[str, list[Row]] = {}
    for row in profile.rows:
        groups.setdefault(f"{row.layer[:5]}_1...", []).append(row)
    groups["all"] = list(profile.rows)
    whole = sum(row.seconds for row in profile.rows)
    lines = [
        "| ms | forward | back | share | " + " | ".join(KINDS) + " | GFLOP/s |",
        "|---" * (len(KINDS) + 5) + "|",
    ]
    for name, rows in groups.items():
        forward, back = (
            sum(row.seconds for row in rows if row.which == which)
            for which in ("forward", "backward")
        )
        kinds = [sum(row.kinds[kind] for row in rows) for kind in KINDS]
        cells = [f"{1e3 * value:.0f}" for value in (forward, back)]
        cells += [f"{(forward + back) / whole:.2f}", *(f"{1e3 * value:.0f}" for value in kinds)]
        rate = sum(row.gflop for row in rows) / (forward + back)
        lines.append("| " + " | ".join([name, *cells, f"{rate:.0f}"]) + " |")
    return "\n".join(lines) + "\n"


def figure(profile: Profile) -> Figure:
    """Draw the layers as bars, of a piece for each kind of work."""
    drawn, axes = figures.new(x="milliseconds of a step", y="")
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


def load(content: dict[str, Any]) -> str:
    """Return the table of a result that was read from a file."""
    return table(Profile.model_validate(content))


def measure(entry: Entry, *, size: str, steps: int) -> Profile:
    """Take steps without and with stopwatches."""
    machine, pictures = Machine.here(), pictures_of(size)
    contestant = prepare(entry, pictures, device="cpu")
    timers, plain = Timers(workers().count), []
    for number in range(2 + steps):
        began = time.perf_counter()
        contestant.step()
        if number >= 2:  # the first two warm up
            plain.append(time.perf_counter() - began)
    with timers.running():
        for _ in range(steps):
            contestant.step()
    height, width, _ = pictures.content.shape
    return Profile(
        machine=machine,
        contestant=entry.name,
        height=height,
        width=width,
        cores=workers().count,
        seconds=statistics.median(plain),
        rows=tuple(_rows(timers, entry, height, width, steps)),
    )


def _rows(timers: Timers, entry: Entry, height: int, width: int, steps: int) -> list[Row]:
    found = []
    for layer in layers_until(presets.load(entry.preset).taps()):
        for which in ("forward", "backward"):
            name = f"{layer.name[4:]} {which}"
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
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", default="300x450")
    parser.add_argument("--preset", default="d2l")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--output", type=Path, required=True, help="path without an ending")
    options = parser.parse_args()
    entry = Entry.parse(f"nst-pytorch@conv=winograd,preset={options.preset}")
    profile = measure(entry, size=options.size, steps=options.steps)
    results.write(options.output, KIND, profile, table=table(profile), figure=figure(profile))


if __name__ == "__main__":
    main()
