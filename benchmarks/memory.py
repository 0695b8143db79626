"""Measures peak memory against the picture's size, one process each.

    python benchmarks/memory.py d2l-torch nst-pytorch --size 300x450,600x900,900x1350 \
        --output benchmarks/results/memory

A line through the peaks gives the base (libraries, weights) and what a megapixel takes. With
``--check-estimate`` the peaks are held against what ``nst run --dry-run`` says beforehand, and the
exit status is 1 if one is off by more than 15 %.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, results
from measuring.entry import Entry
from measuring.record import Record

KIND = "memory"
ALLOWED = 0.15


class Point(BaseModel):
    """A measurement, and what was estimated of it beforehand, in 10^6 bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    record: Record
    estimated_mb: float | None

    @property
    def measured_mb(self) -> float:
        """Peak memory where it computes."""
        return self.record.peak_mb

    @property
    def deviation(self) -> float | None:
        """Estimate over measurement, less 1."""
        return None if self.estimated_mb is None else self.estimated_mb / self.measured_mb - 1


class Memory(BaseModel):
    """All points."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    points: tuple[Point, ...]

    def by_name(self) -> dict[str, list[Point]]:
        """Return the points of each contestant, smallest first."""
        found: dict[str, list[Point]] = {}
        for point in sorted(self.points, key=lambda point: point.record.megapixels):
            found.setdefault(point.record.contestant, []).append(point)
        names = dict.fromkeys(point.record.contestant for point in self.points)
        return {name: found[name] for name in names}


def line(points: list[Point]) -> tuple[float, float] | None:
    """Return megabytes a megapixel and the base in megabytes; None of a single size."""
    if len({point.record.megapixels for point in points}) < 2:
        return None
    x = [point.record.megapixels for point in points]
    slope, base = np.polyfit(x, [point.measured_mb for point in points], 1)
    return float(slope), float(base)


def table(memory: Memory) -> str:
    """Return it as Markdown, in 10^6 bytes."""
    names = memory.by_name()
    sizes = list(dict.fromkeys(p.record.size for points in names.values() for p in points))
    lines = [
        "| MB | " + " | ".join(sizes) + " | a megapixel | base |",
        "|---" * (len(sizes) + 3) + "|",
    ]
    for name, points in names.items():
        cells = {point.record.size: _cell(point) for point in points}
        fitted = line(points)
        ends = ("-", "-") if fitted is None else tuple(f"{value:.0f}" for value in fitted)
        row = [Entry.parse(name).label, *(cells.get(size, "-") for size in sizes), *ends]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def _cell(point: Point) -> str:
    if point.deviation is None:
        return f"{point.measured_mb:.0f}"
    return f"{point.measured_mb:.0f} (estimate {100 * point.deviation:+.0f} %)"


def figure(memory: Memory) -> Figure:
    """Draw peaks over sizes, with their lines; estimates as crosses."""
    drawn, axes = figures.new(x="megapixels", y="peak memory, MB")
    for index, (name, points) in enumerate(memory.by_name().items()):
        colour = figures.COLOURS[index % len(figures.COLOURS)]
        x = [point.record.megapixels for point in points]
        label = Entry.parse(name).label
        axes.plot(x, [point.measured_mb for point in points], "o-", color=colour, label=label)
        estimated = [(a, p.estimated_mb) for a, p in zip(x, points, strict=True) if p.estimated_mb]
        if estimated:
            axes.plot(*zip(*estimated, strict=True), "x", color=colour, markersize=9)
    figures.from_zero(axes)
    axes.legend(frameon=False)
    return drawn


def load(content: dict[str, Any]) -> str:
    """Return the table of a result that was read from a file."""
    return table(Memory.model_validate(content))


def _point(name: str, size: str, options: argparse.Namespace) -> Point:
    record = children.measure(name, size=size, options=options)
    return Point(record=record, estimated_mb=_estimated(name, size, options))


def _estimated(name: str, size: str, options: argparse.Namespace) -> float | None:
    """Return what nst says beforehand, if that is asked for; the documents' loops say nothing."""
    if not options.check_estimate or not name.startswith("nst-"):
        return None
    command = [sys.executable, "-m", "measuring.estimates", name, "--size", size]
    found = json.loads(children.call([*command, "--device", options.device]))
    return None if found is None else float(found)


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contestants", nargs="+", metavar="CONTESTANT")
    parser.add_argument("--size", default="150x225,300x450,600x900", metavar="SIZE[,...]")
    parser.add_argument("--steps", type=int, default=1, help="that count, a run")
    parser.add_argument("--warm-up", type=int, default=1, help="steps before those")
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda, cuda:N, mps")
    parser.add_argument("--check-estimate", action="store_true", help="within 15 %%, or fail")
    parser.add_argument("--output", type=Path, required=True, help="path without an ending")
    options = parser.parse_args()
    sizes = children.sizes(options.size)
    points = [_point(name, size, options) for name in options.contestants for size in sizes]
    memory = Memory(points=tuple(points))
    results.write(options.output, KIND, memory, table=table(memory), figure=figure(memory))
    if any(abs(point.deviation or 0) > ALLOWED for point in points):
        raise SystemExit(f"an estimate is off by more than {ALLOWED:.0%}")


if __name__ == "__main__":
    main()
