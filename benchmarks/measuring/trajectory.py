"""The trajectory of one variant in this process: losses against the seconds that they took.

``benchmarks/time_to_loss.py`` starts it; it prints one JSON object.
"""

from __future__ import annotations

import argparse
import time
from importlib import import_module
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from measuring import script
from measuring.pictures import load_pictures
from measuring.record import Machine, Terms, renamed
from measuring.variant_spec import VariantSpec
from nst_core import Observer, Step, transfer
from nst_core.arrays import Image
from nst_core.backend import Execution, Problem, StyleSource, registry
from nst_core.spec import presets
from nst_core.spec.stage_overrides import with_stages
from variants import Pictures
from variants.prepare import prepare

DOCUMENT = "d2l"
"""The preset whose objective is evaluated for every variant."""


class Point(BaseModel):
    """One point of a trajectory.

    Attributes:
        seconds: The time of the variant's clock, which stops while the objective is evaluated.
        steps: The number of steps taken so far, in all stages.
        losses: The document's losses of the image at this point.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float
    steps: int
    losses: Terms


class Trajectory(BaseModel):
    """The trajectory of one variant, from pictures in files to its last step.

    Attributes:
        variant: Its name.
        height: The picture's height in pixels.
        width: The picture's width in pixels.
        machine: The machine.
        points: Its points, in the order of the steps.
        step_seconds: Empty if the variant was run. Otherwise its result was given as an image, and
            there is one point: its losses are those of the image, and its seconds are the number of
            steps times the median of ``step_seconds``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str = renamed("variant", "contestant")
    height: int
    width: int
    machine: Machine
    points: tuple[Point, ...]
    step_seconds: tuple[float, ...] = ()


class Stopwatch:
    """A clock that can be paused."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._paused = 0.0

    def seconds(self) -> float:
        """Return the time that has passed, without the pauses."""
        return time.perf_counter() - self._began - self._paused

    def resume_at(self, seconds: float) -> None:
        """Continue from an earlier reading; the time since then counts as a pause."""
        self._paused += self.seconds() - seconds


class Evaluator:
    """Evaluates the document's objective with the same code for all variants.

    The code is that of nst with direct convolutions in true float32.
    """

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


class EvaluatingObserver(Observer):
    """Evaluates the image at regular steps, once it has its final size.

    Args:
        evaluator: Evaluates the image.
        clock: The variant's clock.
        size: The final height and width.
        every: The number of steps between two evaluations.
    """

    def __init__(
        self, evaluator: Evaluator, clock: Stopwatch, *, size: tuple[int, int], every: int
    ) -> None:
        self._evaluator, self._clock, self._size, self._every = evaluator, clock, size, every
        self.points: list[Point] = []

    def stepped(self, step: Step) -> None:
        """Add a point if one is due; the clock is paused during the evaluation."""
        if not step.last and step.step % self._every:
            return
        image = step.image  # waits until it is computed
        now = self._clock.seconds()
        if image.shape[:2] == self._size:
            losses = self._evaluator.losses(image)
            self.points.append(Point(seconds=now, steps=step.global_step, losses=losses))
        self._clock.resume_at(now)


def run_document(variant: VariantSpec, options: argparse.Namespace) -> tuple[list[Point], Image]:
    """Run the document's own loop."""
    evaluator = Evaluator(_pictures(options))
    clock = Stopwatch()
    pictures = _pictures(options)
    loop = prepare(variant, pictures, device=options.device)
    points = []
    for step in range(1, options.steps + 1):
        loop.step()
        if step % options.every and step != options.steps:
            continue
        loop.wait()
        now = clock.seconds()
        losses = evaluator.losses(loop.image())
        points.append(Point(seconds=now, steps=step, losses=losses))
        clock.resume_at(now)
    return points, loop.image()


def evaluate_given(variant: VariantSpec, options: argparse.Namespace) -> tuple[list[Point], Image]:
    """Evaluate the given image and run nothing; ``time_to_loss.py`` adds the seconds."""
    evaluator = Evaluator(_pictures(options))
    image = np.load(options.given)
    steps = presets.load(variant.preset).stages[-1].steps
    return [Point(seconds=0, steps=steps, losses=evaluator.losses(image))], image


def run_nst(variant: VariantSpec, options: argparse.Namespace) -> tuple[list[Point], Image]:
    """Run all stages, as ``nst run`` does."""
    pictures = _pictures(options)
    height, width, _ = pictures.content.shape
    evaluator = Evaluator(pictures)
    backend = registry.load(variant.backend)
    spec = with_stages(presets.load(variant.preset), sizes=[f"{height}x{width}"], steps=[])
    clock = Stopwatch()
    observer = EvaluatingObserver(evaluator, clock, size=(height, width), every=options.every)
    result = transfer(
        options.content,
        options.style,
        spec=spec,
        backend=backend,
        device=options.device,
        execution=variant.execution,
        observers=[observer],
    )
    return observer.points, result.image


def _pictures(options: argparse.Namespace) -> Pictures:
    return load_pictures(options.size, content=options.content, style=options.style)


def main() -> None:
    """Read the command line, run or evaluate, save the image and print the trajectory."""
    parser = script.parser(
        __doc__, "variant", "content", "style", size="300x450", steps=500, device="cpu"
    )
    parser.add_argument("--every", type=int, default=10, help="steps between two evaluations")
    parser.add_argument("--given", type=Path, help="an .npy file: evaluate it and run nothing")
    parser.add_argument("--image", type=Path, required=True, help="an .npy file for the picture")
    options = parser.parse_args()
    machine = Machine.here()
    variant = VariantSpec.parse(options.variant)
    import_module("torch" if "torch" in variant.program else "nst_mxnet")
    run = run_nst if variant.is_nst else run_document
    points, image = (evaluate_given if options.given else run)(variant, options)
    np.save(options.image, image)
    height, width, _ = image.shape
    trajectory = Trajectory(
        variant=variant.name, height=height, width=width, machine=machine, points=tuple(points)
    )
    print(trajectory.model_dump_json())  # noqa: T201


if __name__ == "__main__":
    main()
