"""Measures the time until the document's objective is as low as at the end of its own loop.

    python benchmarks/time_to_loss.py nst-pytorch@preset=fast \
        --output benchmarks/results/time-to-loss

The document is d2l, and its loop is our transcription for PyTorch, run for all of its 500 steps.
That takes over a quarter of an hour on two cores. ``--document-image FILE.npy`` gives its result
instead, as nst's own session computes it with the same arithmetic:

    cd benchmarks; python -m measuring.trajectory nst-pytorch@conv=direct --every 500 \
        --image FILE.npy --content ... --style ...

Its time is then 500 times the median of its steps, which are measured alternately with the other
variants. The clocks start with the pictures as files and the frameworks imported, and stop while
the objective is evaluated, with the same code for all variants. Also writes OUTPUT.jpg, the
pictures side by side, the document's first.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, script
from measuring.record import renamed
from measuring.trajectory import Point, Trajectory
from measuring.variant_spec import label
from nst_core import demo, images
from nst_core.arrays import Image
from nst_core.compare.markdown import markdown_table

DOCUMENT = "d2l-torch"


class Trajectories(BaseModel):
    """All trajectories, the document's first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trajectories: tuple[Trajectory, ...] = renamed("trajectories", "ways")

    @property
    def target(self) -> Point:
        """The end of the document's loop."""
        return self.trajectories[0].points[-1]


def reached(trajectory: Trajectory, target: float) -> Point | None:
    """Return the first point whose loss is as low as the target; None if there is none."""
    return next((point for point in trajectory.points if point.losses.total <= target), None)


def table(measured: Trajectories) -> str:
    """Return it as Markdown."""
    target = measured.target
    columns = (
        "variant", "steps", "seconds to the document's loss", "ratio", "at the end: content",
        "style", "tv", "total",
    )  # fmt: skip
    rows = []
    for trajectory in measured.trajectories:
        # The target is the end of the document's loop, even if its loss was lower before.
        is_document = trajectory is measured.trajectories[0]
        point = target if is_document else reached(trajectory, target.losses.total)
        end = trajectory.points[-1]
        name = label(trajectory.variant) + (" (steps timed)" if trajectory.step_seconds else "")
        losses = end.losses
        terms = (losses.content, losses.style, losses.tv, losses.total)
        rows.append((name, *_time(point, end, target), *(f"{term:.2f}" for term in terms)))
    return markdown_table(columns, rows)


def _time(point: Point | None, end: Point, target: Point) -> tuple[str, str, str]:
    """Return the steps and seconds until a point, and their ratio to the document's."""
    if point is None:
        return f"not in {end.steps}", f"({end.seconds:.0f})", "-"
    return str(point.steps), f"{point.seconds:.0f}", f"{point.seconds / target.seconds:.3f}"


def figure(measured: Trajectories) -> Figure:
    """Draw the objective against the seconds."""
    drawn, axes = figures.new(x="seconds", y="the document's objective")
    for index, trajectory in enumerate(measured.trajectories):
        axes.plot(
            [point.seconds for point in trajectory.points],
            [point.losses.total for point in trajectory.points],
            ".-",
            color=figures.COLOURS[index % len(figures.COLOURS)],
            label=label(trajectory.variant),
        )
    axes.axhline(measured.target.losses.total, color="black", linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.legend(frameon=False)
    return drawn


BENCHMARK = script.Benchmark(kind="time-to-loss", content=Trajectories, table=table, figure=figure)


def _run(variant: str, options: argparse.Namespace, folder: Path) -> tuple[Trajectory, Image]:
    path = folder / "image.npy"
    command = [sys.executable, "-m", "measuring.trajectory", variant, "--image", str(path)]
    if variant == DOCUMENT and options.document_image:
        command += ["--given", str(options.document_image.resolve())]
    every = options.document_every if variant == DOCUMENT else options.every
    given = {"content": options.content.resolve(), "style": options.style.resolve()}
    given |= {key: getattr(options, key) for key in ("size", "steps", "device")}
    for key, value in {**given, "every": every}.items():
        command += [f"--{key}", str(value)]
    trajectory = Trajectory.model_validate_json(children.run_program(command).splitlines()[-1])
    end = trajectory.points[-1]
    children.log(f"{variant}: loss {end.losses.total:.4g} after {end.seconds:.0f} s")
    return trajectory, np.load(path)


def _document_steps(options: argparse.Namespace) -> list[float]:
    """Return the seconds of a few steps of the document's loop."""
    record = children.measure(
        DOCUMENT, size=options.size, steps=3, warm_up=1, device=options.device
    )
    return list(record.seconds)


def _run_all(options: argparse.Namespace, folder: Path) -> list[tuple[Trajectory, Image]]:
    results = [_run(DOCUMENT, options, folder)]
    seconds = _document_steps(options) if options.document_image else []
    for name in options.variants:
        results.append(_run(name, options, folder))
        if options.document_image:
            seconds += _document_steps(options)
    if seconds:
        trajectory, image = results[0]
        end = trajectory.points[-1]
        end = end.model_copy(update={"seconds": end.steps * statistics.median(seconds)})
        update = {"points": (end,), "step_seconds": tuple(seconds)}
        results[0] = (trajectory.model_copy(update=update), image)
    return results


def _side_by_side(pictures: Sequence[Image]) -> Image:
    gap = np.ones((pictures[0].shape[0], 8, 3), np.float32)
    parts = [part for picture in pictures for part in (gap, picture.astype(np.float32))]
    return np.concatenate(parts[1:], axis=1)


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = script.parser(
        __doc__, "variants", "output", content=demo.landscape(), style=demo.painting(),
        size="300x450", device="cpu",
    )  # fmt: skip
    parser.add_argument("--steps", type=int, default=500, help="of the document's loop")
    parser.add_argument("--every", type=int, default=5, help="steps between two evaluations")
    parser.add_argument(
        "--document-every", type=int, default=50, help="the same for the document's loop"
    )
    parser.add_argument(
        "--document-image", type=Path, metavar="FILE.npy", help="the result of the document's loop"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = _run_all(options, Path(folder))
    trajectories = tuple(trajectory for trajectory, _ in results)
    BENCHMARK.save(options.output, Trajectories(trajectories=trajectories))
    images.write(_side_by_side([image for _, image in results]), options.output.with_suffix(".jpg"))


if __name__ == "__main__":
    main()
