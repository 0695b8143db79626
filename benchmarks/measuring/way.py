"""The whole way of one contestant in this process: losses over the seconds that it took.

``benchmarks/time_to_loss.py`` starts it; prints one JSON object.
"""

from __future__ import annotations

import argparse
import time
from importlib import import_module
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from contestants import Pictures
from iterations import prepare
from measuring.entry import Entry
from measuring.record import Machine, Terms
from nst_core import Observer, Step, images, transfer, weights
from nst_core.arrays import Image
from nst_core.backend import Execution, Problem, StyleSource, registry
from nst_core.spec import presets
from nst_core.spec.sizes import Size
from nst_core.spec.stage_overrides import with_stages

DOCUMENT = "d2l"
"""Whose objective is the measure of everyone."""


class Point(BaseModel):
    """Where a contestant stands.

    Attributes:
        seconds: On its clock, which stands still while the objective is evaluated.
        steps: Taken so far, in all stages.
        losses: The document's, at the image as it then is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float
    steps: int
    losses: Terms


class Way(BaseModel):
    """One contestant's way, from pictures in files to its last step.

    ``step_seconds`` is empty, unless the way was not gone: then there is one point, whose seconds
    are its steps times the median of these, and whose losses are of an image that was given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contestant: str
    height: int
    width: int
    machine: Machine
    points: tuple[Point, ...]
    step_seconds: tuple[float, ...] = ()


class Stopwatch:
    """A clock that can stand still."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._paused = 0.0

    def seconds(self) -> float:
        """Return what has passed, without the pauses."""
        return time.perf_counter() - self._began - self._paused

    def resume_at(self, seconds: float) -> None:
        """Go on from an earlier reading: what came after it was a pause."""
        self._paused += self.seconds() - seconds


class Judge:
    """Evaluates the document's objective by one code for all: nst's, in true float32, direct."""

    def __init__(self, pictures: Pictures) -> None:
        spec = presets.load(DOCUMENT)
        self._session = registry.load("pytorch").start(
            Problem(
                content=pictures.content,
                styles=(StyleSource(image=pictures.style),),
                start=pictures.content,
                weights=pictures.weights,
                objective=spec.objective(),
                adam=spec.adam(),
            ),
            device="cpu",
            dtype="float32",
            execution=Execution(conv="direct", precision="float32"),
        )

    def losses(self, image: Image) -> Terms:
        """Return the losses at an image."""
        return Terms.of(self._session.evaluate(image=image).losses)


class Watch(Observer):
    """Judges the image every so many steps, once it has its final size."""

    def __init__(self, judge: Judge, clock: Stopwatch, *, size: tuple[int, int], every: int):
        self._judge, self._clock, self._size, self._every = judge, clock, size, every
        self.points: list[Point] = []

    def stepped(self, step: Step) -> None:
        """Add a point, if it is due; the clock has stood still meanwhile."""
        if not step.last and step.step % self._every:
            return
        image = step.image  # waits until it is there
        now = self._clock.seconds()
        if image.shape[:2] == self._size:
            losses = self._judge.losses(image)
            self.points.append(Point(seconds=now, steps=step.global_step, losses=losses))
        self._clock.resume_at(now)


def pictures_of(content: Path, style: Path, *, size: str) -> Pictures:
    """Return two pictures at the same size, and the bundled weights."""
    opened = images.read(content)
    height, width = Size.parse(size).resolve(height=opened.height, width=opened.width)
    return Pictures(
        content=images.resize_picture(opened, height=height, width=width),
        style=images.resize_picture(images.read(style), height=height, width=width),
        weights=weights.load("bundled"),
    )


def document_way(entry: Entry, options: argparse.Namespace) -> tuple[list[Point], Image]:
    """Run a document's own loop."""
    judge = Judge(pictures_of(options.content, options.style, size=options.size))
    clock = Stopwatch()
    pictures = pictures_of(options.content, options.style, size=options.size)
    loop = prepare(entry, pictures, device=options.device)
    points = []
    for step in range(1, options.steps + 1):
        loop.step()
        if step % options.every and step != options.steps:
            continue
        loop.wait()
        now = clock.seconds()
        losses = judge.losses(loop.image())
        points.append(Point(seconds=now, steps=step, losses=losses))
        clock.resume_at(now)
    return points, loop.image()


def given_way(entry: Entry, options: argparse.Namespace) -> tuple[list[Point], Image]:
    """Judge an image that was given, and run nothing; the parent knows how long it takes."""
    judge = Judge(pictures_of(options.content, options.style, size=options.size))
    image = np.load(options.given)
    steps = presets.load(entry.preset).stages[-1].steps
    return [Point(seconds=0, steps=steps, losses=judge.losses(image))], image


def nst_way(entry: Entry, options: argparse.Namespace) -> tuple[list[Point], Image]:
    """Run nst as ``nst run`` does, all stages."""
    pictures = pictures_of(options.content, options.style, size=options.size)
    height, width, _ = pictures.content.shape
    judge = Judge(pictures)
    backend = registry.load(entry.program.removeprefix("nst-"))
    spec = with_stages(presets.load(entry.preset), sizes=[f"{height}x{width}"], steps=[])
    clock = Stopwatch()
    watch = Watch(judge, clock, size=(height, width), every=options.every)
    result = transfer(
        options.content,
        options.style,
        spec=spec,
        backend=backend,
        device=options.device,
        execution=entry.execution,
        observers=[watch],
    )
    return watch.points, result.image


def main() -> None:
    """Read the command line, go the way, save the image and print the points."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contestant")
    parser.add_argument("--content", type=Path, required=True)
    parser.add_argument("--style", type=Path, required=True)
    parser.add_argument("--size", default="300x450")
    parser.add_argument("--steps", type=int, default=500, help="of a document's loop")
    parser.add_argument("--every", type=int, default=10, help="steps between two evaluations")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--given", type=Path, help="an .npy file: judge this, and run nothing")
    parser.add_argument("--image", type=Path, required=True, help="an .npy file for the picture")
    options = parser.parse_args()
    machine = Machine.here()
    entry = Entry.parse(options.contestant)
    import_module("torch" if "torch" in entry.program else "nst_mxnet")
    way = nst_way if entry.program.startswith("nst-") else document_way
    way = given_way if options.given else way
    points, image = way(entry, options)
    np.save(options.image, image)
    height, width, _ = image.shape
    found = Way(
        contestant=entry.name, height=height, width=width, machine=machine, points=tuple(points)
    )
    print(found.model_dump_json())  # noqa: T201


if __name__ == "__main__":
    main()
