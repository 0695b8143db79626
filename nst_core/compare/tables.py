"""The tables of a report, and their Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nst_core.compare.agreement import by_preset, step_difference
from nst_core.compare.record import Measurement
from nst_core.compare.report import Report, picture_differences

_LOSSES = ("content", "style", "tv", "total")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A heading, the columns' names, rows of cells, and perhaps a note below them."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def tables(report: Report) -> list[Table]:
    """Return the report's tables."""
    found = [_results(report.measurements)]
    for group in by_preset(report.measurements):
        if len(group) > 1:
            found.append(_matching_steps(group))
    if report.deviations:
        found.append(_differences(report))
    return found


def _results(measurements: Sequence[Measurement]) -> Table:
    records = [one.record for one in measurements]
    rows = []
    for record in records:
        losses = record.steps[-1].sums()
        memory = "?" if record.peak_memory_mb is None else f"{record.peak_memory_mb:.0f}"
        rows.append(
            (
                record.label,
                *(f"{losses[name]:.4g}" for name in _LOSSES),
                f"{record.seconds_per_step:.3f}",
                f"{record.seconds:.1f}",
                memory,
                f"{record.backend} {record.version}",
                f"{record.device} ({record.device_description})",
            )
        )
    columns = ("", *_LOSSES, "s/step", "s in all", "peak MB", "framework", "device")
    return Table(
        heading="Results",
        columns=columns,
        rows=rows,
        note=(
            "Weighted losses at the last step, before its update. Seconds per step are the median "
            "without the first step; the peak is of the process's main memory. "
            f"Python {records[0].python}, NumPy {records[0].numpy}, "
            f"weights sha256 {records[0].weights_sha256[:12]}."
        ),
    )


def _matching_steps(group: Sequence[Measurement]) -> Table:
    first, *others = [one.record for one in group]
    columns = ["step", f"total, {first.label}"]
    for other in others:
        columns += [f"total, {other.label}", "difference"]
    rows = []
    for index in matching_steps(len(first.steps)):
        row = [str(index + 1), f"{first.steps[index].total:.5g}"]
        for other in others:
            name, value = step_difference(first.steps[index], other.steps[index])
            row += [f"{other.steps[index].total:.5g}", f"{value:.1e}" + (f" {name}" * (value > 0))]
        rows.append(row)
    note = "The largest difference among content, style, tv and total, relative to the total."
    return Table(heading=f"Losses over the steps: {first.preset}", columns=columns, rows=rows,
                 note=note)  # fmt: skip


def matching_steps(count: int) -> list[int]:
    """Return up to six of ``count`` steps, counted from 0: the first, the last, some between."""
    return sorted(
        {0, 1, *(count * tenth // 10 for tenth in (1, 3, 6)), count - 1} & {*range(count)}
    )


def _differences(report: Report) -> Table:
    rows = [
        (
            f"{one.first} against {one.second}",
            one.what,
            f"{one.value:.1e}" + (f" ({one.where})" if one.where and one.value > 0 else ""),
            f"{one.allowed:.0e}",
            "yes" if one.agrees else "NO",
        )
        for one in report.deviations
    ]
    apart = "; ".join(
        f"{first.record.label} and {second.record.label}: mean {found['mean']:.1e}, "
        f"largest {found['largest']:.1e}"
        for first, second, found in picture_differences(report.measurements)
    )
    return Table(
        heading="Agreement",
        columns=("", "compared", "difference", "allowed", "agree"),
        rows=rows,
        note=f"Differences of the end images, where white is 1 (not judged): {apart}.",
    )


def markdown(report: Report) -> str:
    """Return the report as Markdown."""
    lines = [f"# {_escaped(report.title)}", "", _escaped(report.summary), ""]
    for table in tables(report):
        lines += [f"## {_escaped(table.heading)}", "", *_aligned(table), ""]
        if table.note:
            lines += [_escaped(table.note), ""]
    return "\n".join([*lines, _escaped(f"Verdict: {report.verdict}.")])


def _aligned(table: Table) -> list[str]:
    """Return a table's lines, padded so that the table is readable as plain text too."""
    cells = [[_escaped(cell) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(3, *(len(cell) for cell in column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]


def _escaped(text: str) -> str:
    """Return text as one line of Markdown that opens no column and no tag."""
    flat = " ".join(text.split())
    for character in "\\|<*`[":
        flat = flat.replace(character, f"\\{character}")
    return flat
