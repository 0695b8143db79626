"""What all figures have in common."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind people can tell apart.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")


def new(*, x: str, y: str) -> tuple[Figure, Axes]:
    """Return a figure with one pair of labelled axes.

    It is a ``Figure`` and not one of pyplot's: it has no global state and no window, and nothing
    has to be closed.
    """
    figure = Figure(figsize=(7.5, 4.2), layout="constrained", dpi=120)
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def from_zero(axes: Axes) -> None:
    """Let both axes begin at zero, so that lengths are ratios. Call it after the last drawing."""
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)


def mark_one(axes: Axes) -> None:
    """Draw a line where a ratio is 1, in axes whose ratios begin at zero."""
    axes.axhline(1, color="black", linestyle="--", linewidth=1)
    axes.set_ylim(bottom=0)
