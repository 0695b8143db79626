"""Plots the losses beside the picture, like the animator of Dive into Deep Learning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nst_core import images
from nst_core.errors import PictureError
from nst_core.run.observers import Row
from nst_core.run.result import Result
from nst_core.system import files
from nst_core.system.names import display_path

LOSSES = ("content", "style", "tv")


def write_plot(result: Result, path: Path) -> None:
    """Draw a result: the losses of all stages on the left, the picture on the right.

    Args:
        result: The result of a run.
        path: The file; its extension chooses PNG, JPEG, WebP or TIFF.

    Raises:
        PictureError: if it can't be written.
    """
    # pyplot has global state and windows to close; Figure has neither.
    figure = Figure(figsize=(11, 4), layout="constrained", dpi=120)
    curves, picture = figure.subplots(1, 2, width_ratios=(1, 1.3))
    _draw_losses(curves, result.history)
    picture.imshow(images.to_8bit(result.image))
    picture.set_axis_off()
    # The name may come from a config file: a dollar sign in it begins no formula.
    title = f"{display_path(result.plan.spec.name)} · {result.plan.backend}"
    picture.set_title(title, fontsize=10, parse_math=False)
    with files.atomic_writer(path, error=PictureError) as temporary:
        figure.savefig(temporary)


def _draw_losses(axes: Axes, rows: Sequence[Row]) -> None:
    steps = _running_steps(rows)
    for name in LOSSES:
        # A logarithmic axis can't show a loss of 0. A loss is 0 if its weight is 0, and the content
        # loss is 0 at the first step of a run that starts from the content.
        losses = [getattr(row, name) or math.nan for row in rows]
        if any(loss > 0 for loss in losses):
            axes.plot(steps, losses, label=name)
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("weighted loss")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()


def _running_steps(rows: Sequence[Row]) -> list[int]:
    """Return each row's step counted over all stages; rows count within their stage."""
    steps: list[int] = []
    before, stage = 0, 1
    for row in rows:
        if row.stage != stage:
            before, stage = steps[-1], row.stage
        steps.append(before + row.step)
    return steps
