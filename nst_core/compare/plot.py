"""The plot of the losses of all variants over the steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator, StrMethodFormatter

from nst_core.compare.record import VariantRecord

_PANELS = ("content", "style", "tv", "total")
# Okabe and Ito's palette, which colour-blind people can tell apart.
_COLOURS = ("#E69F00", "#0072B2", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")


def write_losses(records: Sequence[VariantRecord], path: Path, *, title: str) -> None:
    """Draw four panels, of the content, style, tv and total loss, with one line per variant.

    Args:
        records: One per variant.
        path: A PNG file in an existing directory.
        title: Stands above the panels.
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


def _draw(axes: Axes, name: str, records: Sequence[VariantRecord]) -> None:
    lines = [_visible([step.sums()[name] for step in record.steps]) for record in records]
    for index, (record, losses) in enumerate(zip(records, lines, strict=True)):
        # Lines of backends that agree cover each other, so the first is broad and later ones thin.
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
    """Return the losses; those below 1e-6 of the largest are replaced by NaN.

    At the content picture the content loss is zero, or differs from it by rounding. On a
    logarithmic axis such a value would leave no room for the others.
    """
    least = 1e-6 * max((loss for loss in losses if math.isfinite(loss)), default=0)
    return [loss if loss > least or least == 0 else math.nan for loss in losses]


def _literal(text: str) -> str:
    """Return text that matplotlib shows as it is: no mathematics, no hidden label."""
    escaped = text.replace("$", r"\$")
    return f" {escaped}" if escaped.startswith("_") else escaped
