"""Compares variants: alternating, in several rounds, one process each; medians and ratios.

    python benchmarks/compare.py d2l-torch nst-pytorch pastiche --size 300x450 --rounds 3 \
        --output benchmarks/results/step-pytorch

The other variants are divided by the first. Variants that minimise the same objective must find
the same losses; otherwise nothing is reported. ``pastiche``, which has an objective of its own,
may be compared all the same. Several sizes are separated by commas. Writes OUTPUT.json (every
record), OUTPUT.md (the table) and OUTPUT.png.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, script
from measuring.children import Run
from measuring.record import Record, format_seconds
from measuring.variant_spec import VariantSpec, label
from nst_core.compare.markdown import markdown_table
from nst_core.errors import NstError

FIRST_LOSS = 1e-4
"""Relative tolerance at the first step: float32 of two libraries at the same image."""

LATER_LOSSES = 0.05
"""Relative tolerance at later steps: rounding makes the images of Adam differ, but hardly their
losses."""

ROUNDED_FIRST_LOSS = 2e-2
"""Relative tolerance at the first step of a variant that rounds to TF32 or bfloat16."""


class Comparison(BaseModel):
    """All records of a comparison."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runs: tuple[Run, ...]

    def names(self) -> list[str]:
        """Return the variants in the order of the command line."""
        return list(dict.fromkeys(run.record.variant for run in self.runs))

    def sizes(self) -> list[str]:
        """Return the sizes."""
        return list(dict.fromkeys(run.record.size for run in self.runs))

    def of(self, name: str, size: str) -> list[Record]:
        """Return the records of a variant at a size, round by round."""
        return [r.record for r in self.runs if (r.record.variant, r.record.size) == (name, size)]


def check_losses(comparison: Comparison) -> None:
    """Refuse to compare programs that don't compute the same losses.

    Raises:
        SystemExit: with one line.
    """
    for size in comparison.sizes():
        records = [record for name in comparison.names() for record in comparison.of(name, size)]
        compared = [record for record in records if VariantSpec.parse(record.variant).comparable]
        for record in compared[1:]:
            _check_same(compared[0], record)


def _check_same(reference: Record, record: Record) -> None:
    first = ROUNDED_FIRST_LOSS if _rounds(reference) or _rounds(record) else FIRST_LOSS
    for step, (a, b) in enumerate(zip(reference.losses, record.losses, strict=True)):
        allowed = LATER_LOSSES if step else first
        # Written so that NaN is refused.
        if not abs(a - b) <= allowed * abs(a):
            raise SystemExit(
                f"not comparable at {record.size}: at step {step + 1} {record.variant} finds "
                f"loss {b:.6g}, {reference.variant} {a:.6g}"
            )


def _rounds(record: Record) -> bool:
    """Whether it computes in less than float32."""
    precision = record.execution.get("precision", "auto")
    # On CUDA, PyTorch convolves in TF32 by default.
    by_default = precision == "auto" and record.device.startswith("cuda")
    return by_default or precision in {"tf32", "bf16"}


def table(comparison: Comparison) -> str:
    """Return the comparison as a Markdown table; seconds are medians (minimum to maximum)."""
    names, sizes = comparison.names(), comparison.sizes()
    columns = (
        "variant", "seconds per step", "ratio, median (min to max)", "start-up, s",
        "peak memory, MB",
    )  # fmt: skip
    rows = [
        (size, label(name), *_cells(comparison.of(name, size), comparison.of(names[0], size)))
        for size in sizes
        for name in names
    ]
    if len(sizes) > 1:
        return markdown_table(("size", *columns), rows)
    return markdown_table(columns, [row[1:] for row in rows])


def _cells(runs: Sequence[Record], reference: Sequence[Record]) -> tuple[str, ...]:
    seconds = [second for run in runs for second in run.seconds]
    # The ratios are taken per round: what slows the machine for a while slows both sides of one.
    ratios = [
        statistics.median(own.seconds) / statistics.median(other.seconds)
        for own, other in zip(runs, reference, strict=True)
    ]
    median, least, most = (
        format_seconds(value) for value in (statistics.median(seconds), min(seconds), max(seconds))
    )
    return (
        f"{median} ({least} to {most})",
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        f"{statistics.median(run.start_up_seconds for run in runs):.1f}",
        f"{max(run.peak_mb for run in runs):.0f}",
    )


def figure(comparison: Comparison) -> Figure:
    """Draw every step as a dot and the medians as a line, against the picture's size."""
    drawn, axes = figures.new(x="megapixels", y="seconds per step")
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
        seconds = ", ".join(f"{format_seconds(median)} s" for median in medians.values())
        axes.plot(
            list(medians), list(medians.values()), "o-", color=colour,
            label=f"{label(name)}: {seconds}",
        )  # fmt: skip
    figures.from_zero(axes)
    axes.legend(frameon=False)
    return drawn


BENCHMARK = script.Benchmark(kind="compare", content=Comparison, table=table, figure=figure)


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    options = script.parser(
        __doc__, "variants", "output", sizes="300x450", rounds=3, steps=8, warm_up=2, device="cpu"
    ).parse_args()
    try:
        names = [VariantSpec.parse(name).name for name in options.variants]
    except NstError as error:
        raise SystemExit(str(error)) from None
    runs = children.measure_in_rounds(
        names,
        options.sizes,
        rounds=options.rounds,
        steps=options.steps,
        warm_up=options.warm_up,
        device=options.device,
    )
    comparison = Comparison(runs=tuple(runs))
    check_losses(comparison)
    BENCHMARK.save(options.output, comparison)


if __name__ == "__main__":
    main()
