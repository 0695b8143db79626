"""Measures peak memory against the picture's size, in one process per measurement.

    python benchmarks/memory.py d2l-torch nst-pytorch --size 300x450,600x900,900x1350 \
        --output benchmarks/results/memory

A line through the peaks gives the base (libraries, weights) and the memory per megapixel. With
``--check-estimate`` the peaks are compared with the estimates of ``nst run --dry-run``, and the
exit status is 1 if an estimate is wrong by more than 15 %.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np
from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, script
from measuring.record import Record
from measuring.variant_spec import VariantSpec, label
from nst_core.compare.markdown import markdown_table

TOLERANCE = 0.15


class Point(BaseModel):
    """A measurement, and nst's estimate before it, in 10^6 bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    record: Record
    estimated_mb: float | None

    @property
    def measured_mb(self) -> float:
        """Peak memory of the device that computes."""
        return self.record.peak_mb

    @property
    def deviation(self) -> float | None:
        """The estimate divided by the measurement, minus 1."""
        return None if self.estimated_mb is None else self.estimated_mb / self.measured_mb - 1


class Memory(BaseModel):
    """All points."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    points: tuple[Point, ...]

    def by_name(self) -> dict[str, list[Point]]:
        """Return the points of each variant, smallest picture first."""
        found: dict[str, list[Point]] = {}
        for point in sorted(self.points, key=lambda point: point.record.megapixels):
            found.setdefault(point.record.variant, []).append(point)
        names = dict.fromkeys(point.record.variant for point in self.points)
        return {name: found[name] for name in names}


def line(points: list[Point]) -> tuple[float, float] | None:
    """Return megabytes per megapixel and the base in megabytes; None for a single size."""
    if len({point.record.megapixels for point in points}) < 2:
        return None
    x = [point.record.megapixels for point in points]
    slope, base = np.polyfit(x, [point.measured_mb for point in points], 1)
    return float(slope), float(base)


def table(memory: Memory) -> str:
    """Return it as Markdown, in 10^6 bytes."""
    names = memory.by_name()
    sizes = list(dict.fromkeys(p.record.size for points in names.values() for p in points))
    rows = []
    for name, points in names.items():
        cells = {point.record.size: _cell(point) for point in points}
        fitted = line(points)
        ends = ("-", "-") if fitted is None else tuple(f"{value:.0f}" for value in fitted)
        rows.append((label(name), *(cells.get(size, "-") for size in sizes), *ends))
    return markdown_table(("peak memory, MB", *sizes, "per megapixel", "base"), rows)


def _cell(point: Point) -> str:
    if point.deviation is None:
        return f"{point.measured_mb:.0f}"
    return f"{point.measured_mb:.0f} (estimate {100 * point.deviation:+.0f} %)"


def figure(memory: Memory) -> Figure:
    """Draw the peaks against the size, with their lines; estimates are crosses."""
    drawn, axes = figures.new(x="megapixels", y="peak memory, MB")
    for index, (name, points) in enumerate(memory.by_name().items()):
        colour = figures.COLOURS[index % len(figures.COLOURS)]
        x = [point.record.megapixels for point in points]
        peaks = [point.measured_mb for point in points]
        axes.plot(x, peaks, "o-", color=colour, label=label(name))
        estimated = [(a, p.estimated_mb) for a, p in zip(x, points, strict=True) if p.estimated_mb]
        if estimated:
            axes.plot(*zip(*estimated, strict=True), "x", color=colour, markersize=9)
    figures.from_zero(axes)
    axes.legend(frameon=False)
    return drawn


BENCHMARK = script.Benchmark(kind="memory", content=Memory, table=table, figure=figure)


def _point(name: str, size: str, options: argparse.Namespace) -> Point:
    record = children.measure(
        name, size=size, steps=options.steps, warm_up=options.warm_up, device=options.device
    )
    estimate = _estimate(name, size, options.device) if options.check_estimate else None
    return Point(record=record, estimated_mb=estimate)


def _estimate(name: str, size: str, device: str) -> float | None:
    """Return nst's estimate; None for other programs, which have none."""
    if not VariantSpec.parse(name).is_nst:
        return None
    command = [sys.executable, "-m", "measuring.estimates", name, "--size", size]
    found = json.loads(children.run_program([*command, "--device", device]))
    return None if found is None else float(found)


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = script.parser(
        __doc__, "variants", "output", sizes="150x225,300x450,600x900", steps=1, warm_up=1,
        device="cpu",
    )  # fmt: skip
    parser.add_argument(
        "--check-estimate", action="store_true", help="fail if an estimate is wrong by over 15 %%"
    )
    options = parser.parse_args()
    points = [_point(name, size, options) for name in options.variants for size in options.sizes]
    BENCHMARK.save(options.output, Memory(points=tuple(points)))
    if any(abs(point.deviation or 0) > TOLERANCE for point in points):
        raise SystemExit(f"an estimate is wrong by more than {TOLERANCE:.0%}")


if __name__ == "__main__":
    main()
