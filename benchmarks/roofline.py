"""Measures the limits of this machine, and the fraction of them that each variant's step reaches.

    python benchmarks/roofline.py d2l-torch nst-pytorch nst-mxnet --size 300x450 \
        --output benchmarks/results/roofline

The work of a step is counted as direct convolution, forward and the gradient of the image: the
least that any program has to compute. Winograd's algorithm needs fewer operations for the same
result, so its fraction may be above 1. The gradients of the weights, which the documents' loops
also compute, are not counted. The peaks are measured before each variant and once at the end.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, script
from measuring.children import Run
from measuring.record import Record, format_seconds
from measuring.variant_spec import label
from nst_core.compare.markdown import markdown_table
from nst_core.spec import presets
from nst_core.vgg19 import convolution_flops


class Peaks(BaseModel):
    """The same fields as ``measuring.peaks.Peaks``, which needs PyTorch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    matmul: dict[str, float]
    bandwidth: float


class Roofline(BaseModel):
    """All measurements."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    peaks: tuple[Peaks, ...]
    runs: tuple[Run, ...]

    def peak(self, arithmetic: str) -> float:
        """Return the median of the measured peaks in GFLOP/s."""
        return statistics.median(peaks.matmul[arithmetic] for peaks in self.peaks)

    @property
    def bandwidth(self) -> float:
        """The median of the measured bandwidths in GB/s."""
        return statistics.median(peaks.bandwidth for peaks in self.peaks)

    def records(self) -> dict[tuple[str, str], list[Record]]:
        """Return the records by variant and size."""
        found: dict[tuple[str, str], list[Record]] = {}
        for run in self.runs:
            found.setdefault((run.record.variant, run.record.size), []).append(run.record)
        return found


def gflop(record: Record) -> float:
    """Return the operations of a step with direct convolutions, in 10^9."""
    taps = presets.load(record.preset).taps()
    return 2 * convolution_flops(taps, height=record.height, width=record.width) / 1e9


def arithmetic(record: Record) -> str:
    """Return the arithmetic of a variant's products: one for which a peak was measured."""
    if record.device == "cpu":
        return "float32"
    asked = record.execution.get("precision", "tf32")  # PyTorch's default for convolutions
    return "tf32" if asked == "auto" else str(asked)


def table(roofline: Roofline) -> str:
    """Return it as Markdown: the limits, then the fraction that each variant reaches."""
    records = roofline.records()
    first = next(iter(records.values()))[0]
    limits = ", ".join(f"{name} {roofline.peak(name):.0f}" for name in roofline.peaks[0].matmul)
    device = f"{first.device} ({first.device_description})"
    text = f"Matrix product on {device}, GFLOP/s: {limits}. Memory: {roofline.bandwidth:.1f} GB/s."
    columns = (
        "variant", "size", "GFLOP per step", "seconds per step", "GFLOP/s", "fraction of the peak",
    )  # fmt: skip
    rows = []
    for (name, size), runs in records.items():
        seconds = _seconds(runs)
        rate = gflop(runs[0]) / seconds
        rows.append(
            (
                label(name),
                size,
                f"{gflop(runs[0]):.0f}",
                format_seconds(seconds),
                f"{rate:.0f}",
                f"{rate / roofline.peak(arithmetic(runs[0])):.2f}",
            )
        )
    return f"{text}\n\n{markdown_table(columns, rows)}"


def figure(roofline: Roofline) -> Figure:
    """Draw the fractions as bars, and the peak as a line."""
    records = roofline.records()
    drawn, axes = figures.new(x="fraction of the matrix product's peak", y="")
    labels = [f"{label(name)}\n{size}" for name, size in records]
    shares = [
        gflop(runs[0]) / _seconds(runs) / roofline.peak(arithmetic(runs[0]))
        for runs in records.values()
    ]
    axes.barh(labels, shares, color=figures.COLOURS[0])
    axes.axvline(1, color="black", linestyle="--", linewidth=1)
    axes.invert_yaxis()
    return drawn


BENCHMARK = script.Benchmark(kind="roofline", content=Roofline, table=table, figure=figure)


def _seconds(runs: Sequence[Record]) -> float:
    return statistics.median(second for run in runs for second in run.seconds)


def _peaks(device: str) -> Peaks:
    command = [sys.executable, "-m", "measuring.peaks", "--device", device]
    found = Peaks.model_validate_json(children.run_program(command))
    children.log(f"peaks: {found.matmul}, {found.bandwidth:.1f} GB/s")
    return found


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    options = script.parser(
        __doc__, "variants", "output", sizes="300x450", rounds=2, steps=6, warm_up=2, device="cpu"
    ).parse_args()
    settings = {name: getattr(options, name) for name in ("steps", "warm_up", "device")}
    peaks, runs = [], []
    for number in range(options.rounds):
        for name in options.variants:
            for size in options.sizes:
                peaks.append(_peaks(options.device))
                record = children.measure(name, size=size, **settings)
                runs.append(Run(round=number, record=record))
    peaks.append(_peaks(options.device))
    BENCHMARK.save(options.output, Roofline(peaks=tuple(peaks), runs=tuple(runs)))


if __name__ == "__main__":
    main()
