"""Losses over the steps, of all contestants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator, StrMethodFormatter

from nst_core.compare.measurement import Record

_PANELS = ("content", "style", "tv", "total")
# Okabe and Ito's colours, which colour-blind people tell apart.
_COLOURS = ("#E69F00", "#0072B2", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")


def write_losses(records: Sequence[Record], path: Path, *, title: str) -> None:
    """Draw one panel each of the content, style, tv and total loss, with a line per contestant.

    Args:
        records: What was measured.
        path: A PNG file, in a directory that is there.
        title: Stands above.
    """
    figure = Figure(figsize=(11, 6.5), layout="constrained", dpi=120)
    figure.suptitle(_literal(title), fontsize=12)
    panels = figure.subplots(2, 2, sharex=True)
    for axes, name in zip(panels.flat, _PANELS, strict=True):
        _draw(axes, name, records)
    for axes in panels[1]:
        axes.set_xlabel("step")
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=min(len(labels), 4), frameon=False
    )
    figure.savefig(path)


def _draw(axes: Axes, name: str, records: Sequence[Record]) -> None:
    lines = [_visible([step.sums()[name] for step in record.steps]) for record in records]
    for index, (record, losses) in enumerate(zip(records, lines, strict=True)):
        # Backends that agree lie on each other: the first is broad, and those on it are thin.
        axes.plot(
            range(1, len(losses) + 1),
            losses,
            label=_literal(record.label),
            color=_COLOURS[index % len(_COLOURS)],
            linewidth=max(1.2, 5.5 / (1 + index)),
            linestyle="-" if index == 0 else (0, (4, 2 + index % 3)),
            marker="o" if len(losses) < 8 else "",
            markersize=4,
            solid_capstyle="round",
        )
    axes.set_title(f"{name} loss" if name != "total" else "total", fontsize=10, loc="left")
    if all(any(value > 0 for value in losses) for losses in lines):
        axes.set_yscale("log", nonpositive="mask")
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.4)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _visible(losses: Sequence[float]) -> list[float]:
    """Return losses without those that are next to nothing beside the largest, as NaN.

    At the content picture the content loss is zero or the rounding of it, and on a logarithmic
    axis that would squeeze everything else into a line.
    """
    least = 1e-6 * max((loss for loss in losses if math.isfinite(loss)), default=0)
    return [loss if loss > least or least == 0 else math.nan for loss in losses]


def _literal(text: str) -> str:
    """Return text in which nothing is taken for mathematics, and a label is never hidden."""
    escaped = text.replace("$", r"\$")
    return f" {escaped}" if escaped.startswith("_") else escaped
