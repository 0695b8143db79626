"""Measures how long it takes until the document's objective is as low as its own loop leaves it.

    python benchmarks/time_to_loss.py nst-pytorch@preset=fast \
        --output benchmarks/results/time-to-loss

The document is d2l, its loop our transcription for PyTorch, run for all of its 500 steps, which
takes a quarter of an hour and more on two cores. ``--document-image FILE.npy`` gives its end
instead, as nst's own session leaves it by the same arithmetic,

    cd benchmarks; python -m measuring.way nst-pytorch@conv=direct --every 500 --image FILE.npy ...

and its time is then 500 times the median of its steps, measured in turn with the others. Clocks
start with the pictures as files and the frameworks
imported, and stand still while the objective is evaluated, which one code does for all. Also writes
OUTPUT.jpg, the pictures side by side, first the document's.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, results
from measuring.entry import Entry
from measuring.way import Point, Way
from nst_core import demo, images
from nst_core.arrays import Image

KIND = "time-to-loss"
DOCUMENT = "d2l-torch"


class Ways(BaseModel):
    """The document's way first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ways: tuple[Way, ...]

    @property
    def target(self) -> Point:
        """Where the document's loop ends."""
        return self.ways[0].points[-1]


def reached(way: Way, target: float) -> Point | None:
    """Return the first point that is as low as the target; None if there is none."""
    return next((point for point in way.points if point.losses.total <= target), None)


def table(ways: Ways) -> str:
    """Return it as Markdown."""
    target = ways.target
    lines = [
        "| | steps | seconds until there | ratio | at its end: content | style | tv | total |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for way in ways.ways:
        # The document's loop sets the target by its end, whatever it passes on the way there.
        there = target if way is ways.ways[0] else reached(way, target.losses.total)
        losses = way.points[-1].losses
        took = (
            f"| not in {way.points[-1].steps} | ({way.points[-1].seconds:.0f}) | - "
            if there is None
            else f"| {there.steps} | {there.seconds:.0f} | {there.seconds / target.seconds:.3f} "
        )
        label = Entry.parse(way.contestant).label + (" (steps timed)" if way.step_seconds else "")
        lines.append(
            f"| {label} {took}"
            f"| {losses.content:.2f} | {losses.style:.2f} | {losses.tv:.2f} | {losses.total:.2f} |"
        )
    return "\n".join(lines) + "\n"


def figure(ways: Ways) -> Figure:
    """Draw the objective over the seconds."""
    drawn, axes = figures.new(x="seconds", y="the document's objective")
    for index, way in enumerate(ways.ways):
        axes.plot(
            [point.seconds for point in way.points],
            [point.losses.total for point in way.points],
            ".-",
            color=figures.COLOURS[index % len(figures.COLOURS)],
            label=Entry.parse(way.contestant).label,
        )
    axes.axhline(ways.target.losses.total, color="black", linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.legend(frameon=False)
    return drawn


def load(content: dict[str, Any]) -> str:
    """Return the table of a result that was read from a file."""
    return table(Ways.model_validate(content))


def _go(contestant: str, options: argparse.Namespace, folder: Path) -> tuple[Way, Image]:
    path = folder / "image.npy"
    command = [sys.executable, "-m", "measuring.way", contestant, "--image", str(path)]
    if contestant == DOCUMENT and options.document_image:
        command += ["--given", str(options.document_image.resolve())]
    every = options.document_every if contestant == DOCUMENT else options.every
    given = {"content": options.content.resolve(), "style": options.style.resolve()}
    given |= {key: getattr(options, key) for key in ("size", "steps", "device")}
    for key, value in {**given, "every": every}.items():
        command += [f"--{key}", str(value)]
    way = Way.model_validate_json(children.call(command).splitlines()[-1])
    last = way.points[-1]
    children.tell(f"{contestant}: loss {last.losses.total:.4g} after {last.seconds:.0f} s")
    return way, np.load(path)


def _document_steps(options: argparse.Namespace) -> list[float]:
    """Return the seconds of a few steps of the document's loop."""
    few = argparse.Namespace(steps=3, warm_up=1, device=options.device)
    return list(children.measure(DOCUMENT, size=options.size, options=few).seconds)


def _all(options: argparse.Namespace, folder: Path) -> list[tuple[Way, Image]]:
    gone = [_go(DOCUMENT, options, folder)]
    seconds = _document_steps(options) if options.document_image else []
    for name in options.contestants:
        gone.append(_go(name, options, folder))
        if options.document_image:
            seconds += _document_steps(options)
    if seconds:
        way, image = gone[0]
        end = way.points[-1]
        end = end.model_copy(update={"seconds": end.steps * statistics.median(seconds)})
        update = {"points": (end,), "step_seconds": tuple(seconds)}
        gone[0] = (way.model_copy(update=update), image)
    return gone


def _side_by_side(pictures: Sequence[Image]) -> Image:
    gap = np.ones((pictures[0].shape[0], 8, 3), np.float32)
    parts = [part for picture in pictures for part in (gap, picture.astype(np.float32))]
    return np.concatenate(parts[1:], axis=1)


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contestants", nargs="+", metavar="CONTESTANT", help="besides d2l-torch")
    parser.add_argument("--content", type=Path, default=demo.landscape())
    parser.add_argument("--style", type=Path, default=demo.painting())
    parser.add_argument("--size", default="300x450")
    parser.add_argument("--steps", type=int, default=500, help="of the document's loop")
    parser.add_argument("--every", type=int, default=5, help="steps between two evaluations")
    parser.add_argument("--document-every", type=int, default=50, help="likewise, of its loop")
    parser.add_argument("--document-image", type=Path, metavar="FILE.npy", help="see above")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, required=True, help="path without an ending")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        gone = _all(options, Path(folder))
    ways = Ways(ways=tuple(way for way, _ in gone))
    results.write(options.output, KIND, ways, table=table(ways), figure=figure(ways))
    images.write(_side_by_side([image for _, image in gone]), options.output.with_suffix(".jpg"))


if __name__ == "__main__":
    main()
