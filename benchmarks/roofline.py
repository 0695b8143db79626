"""Measures what this machine can do at most, and what share of it each contestant's step reaches.

    python benchmarks/roofline.py d2l-torch nst-pytorch nst-mxnet --size 300x450 \
        --output benchmarks/results/roofline

The work of a step is counted as direct convolution, forward and the gradient of the image: what a
step has to compute at least, whoever does it. Winograd's algorithm needs fewer operations for the
same, so its share may be above 1; the weights' gradients, which the documents' loops also compute,
earn no share. Peaks are measured before every contestant and once at the end.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, results
from measuring.children import Run
from measuring.entry import Entry
from measuring.record import Record, plain
from nst_core.spec import presets
from nst_core.vgg19 import convolution_flops

KIND = "roofline"


class Peaks(BaseModel):
    """See ``measuring.peaks.Peaks``; here without the framework."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    matmul: dict[str, float]
    bandwidth: float


class Roofline(BaseModel):
    """All that was measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    peaks: tuple[Peaks, ...]
    runs: tuple[Run, ...]

    def peak(self, arithmetic: str) -> float:
        """Return the median of what was measured, in GFLOP/s."""
        return statistics.median(peaks.matmul[arithmetic] for peaks in self.peaks)

    @property
    def bandwidth(self) -> float:
        """The median of what was measured, in GB/s."""
        return statistics.median(peaks.bandwidth for peaks in self.peaks)

    def records(self) -> dict[tuple[str, str], list[Record]]:
        """Return the records by contestant and size."""
        found: dict[tuple[str, str], list[Record]] = {}
        for run in self.runs:
            found.setdefault((run.record.contestant, run.record.size), []).append(run.record)
        return found


def gflop(record: Record) -> float:
    """Return the direct-convolution operations of a step, in 10^9."""
    taps = presets.load(record.preset).taps()
    return 2 * convolution_flops(taps, height=record.height, width=record.width) / 1e9


def arithmetic(record: Record) -> str:
    """Return in what a contestant multiplies, as far as a peak was measured for it."""
    if record.device == "cpu":
        return "float32"
    asked = record.execution.get("precision", "tf32")  # PyTorch's default for convolutions
    return "tf32" if asked == "auto" else str(asked)


def table(roofline: Roofline) -> str:
    """Return it as Markdown: the limits, then each contestant's share."""
    records = roofline.records()
    first = next(iter(records.values()))[0]
    limits = ", ".join(f"{name} {roofline.peak(name):.0f}" for name in roofline.peaks[0].matmul)
    device = f"{first.device} ({first.device_description})"
    lines = [
        f"Matrix product on {device}, GFLOP/s: {limits}. Memory: {roofline.bandwidth:.1f} GB/s.",
        "",
        "| | size | GFLOP a step | seconds a step | GFLOP/s | share of the peak |",
        "|---|---|---|---|---|---|",
    ]
    for (name, size), runs in records.items():
        seconds = _seconds(runs)
        rate = gflop(runs[0]) / seconds
        share = rate / roofline.peak(arithmetic(runs[0]))
        lines.append(
            f"| {Entry.parse(name).label} | {size} | {gflop(runs[0]):.0f} | {plain(seconds)} "
            f"| {rate:.0f} | {share:.2f} |"
        )
    return "\n".join(lines) + "\n"


def figure(roofline: Roofline) -> Figure:
    """Draw the shares as bars, with the peak as a line."""
    records = roofline.records()
    drawn, axes = figures.new(x="share of the matrix product's peak", y="")
    labels = [f"{Entry.parse(name).label}\n{size}" for name, size in records]
    shares = [
        gflop(runs[0]) / _seconds(runs) / roofline.peak(arithmetic(runs[0]))
        for runs in records.values()
    ]
    axes.barh(labels, shares, color=figures.COLOURS[0])
    axes.axvline(1, color="black", linestyle="--", linewidth=1)
    axes.invert_yaxis()
    return drawn


def load(content: dict[str, Any]) -> str:
    """Return the table of a result that was read from a file."""
    return table(Roofline.model_validate(content))


def _seconds(runs: Sequence[Record]) -> float:
    return statistics.median(second for run in runs for second in run.seconds)


def _peaks(device: str) -> Peaks:
    command = [sys.executable, "-m", "measuring.peaks", "--device", device]
    found = Peaks.model_validate_json(children.call(command))
    children.tell(f"peaks: {found.matmul}, {found.bandwidth:.1f} GB/s")
    return found


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contestants", nargs="+", metavar="CONTESTANT")
    parser.add_argument("--size", default="300x450", metavar="SIZE[,...]")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=6, help="that count, a run")
    parser.add_argument("--warm-up", type=int, default=2, help="steps before those")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N")
    parser.add_argument("--output", type=Path, required=True, help="path without an ending")
    options = parser.parse_args()
    peaks, runs = [], []
    for number in range(options.rounds):
        for name in options.contestants:
            for size in children.sizes(options.size):
                peaks.append(_peaks(options.device))
                record = children.measure(name, size=size, options=options)
                runs.append(Run(round=number, record=record))
    peaks.append(_peaks(options.device))
    roofline = Roofline(peaks=tuple(peaks), runs=tuple(runs))
    results.write(options.output, KIND, roofline, table=table(roofline), figure=figure(roofline))


if __name__ == "__main__":
    main()
