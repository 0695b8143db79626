"""The loop over stages and steps. It tells its observers, prints nothing, and loses no picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import PIL.Image

from nst_core import images
from nst_core.arrays import Image
from nst_core.backend import Backend, DType, Execution, Problem
from nst_core.evaluated import EvaluatedSession
from nst_core.images.resampling import resize
from nst_core.observers import History, Observer, Plan, Progress, Row, Step
from nst_core.optimisers import Diverged
from nst_core.spec import LBFGS
from nst_core.start import first_image
from nst_core.styles import StylePicture, sources
from nst_core.weights import Weights


class StageSize(NamedTuple):
    """(height, width) in pixels of the pictures of one stage."""

    content: tuple[int, int]
    styles: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """All that the loop needs; made by ``nst_core.run``."""

    plan: Plan
    sizes: Sequence[StageSize]
    backend: Backend
    weights: Weights
    dtype: DType
    execution: Execution
    content: PIL.Image.Image
    styles: Sequence[StylePicture]
    start: PIL.Image.Image | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run made.

    Attributes:
        image: (H, W, 3), not clipped.
        plan: What was done, with the spec and the recipe.
        history: Losses over the steps.
        seconds: Wall-clock time of all stages.
        note: One line if the run ended before its time, though with a picture; otherwise empty.
    """

    image: Image
    plan: Plan
    history: Sequence[Row]
    seconds: float
    note: str = ""

    def save(self, path: str | Path) -> None:
        """Write the picture, in the format that the ending names, with its recipe inside.

        Raises:
            PictureError: if it can't be written; an older file of that name is then still whole.
        """
        images.write(self.image, path, recipe=self.plan.recipe, finish=self.plan.finish)


class Interrupted(KeyboardInterrupt):
    """A run was interrupted by Ctrl-C; ``result`` is what it had reached by then."""

    def __init__(self, result: Result) -> None:
        super().__init__("interrupted")
        self.result = result


class _Stepping(Progress, Protocol):
    """A ``Session``, or an ``EvaluatedSession`` around one."""

    def step(self, *, learning_rate: float) -> None: ...


def run(work: Work, *, observers: Iterable[Observer], log_every: int) -> Result:
    """Run all stages.

    Raises:
        Interrupted: on Ctrl-C, once a step has been taken; before that, KeyboardInterrupt.
    """
    history = History(every=log_every)
    loop = _Loop(work, [history, *observers])

    def result(image: Image) -> Result:
        seconds = loop.elapsed()
        rows = tuple(history.rows)
        return Result(image=image, plan=work.plan, history=rows, seconds=seconds, note=loop.note)

    try:
        return result(loop.all_stages())
    except KeyboardInterrupt:
        if loop.session is None or not history.rows:
            raise
        raise Interrupted(result(loop.session.image())) from None
    finally:
        for watcher in loop.watchers:
            watcher.closed()


class _Loop:
    """Where the loop stands: the session of the stage that runs, and the clock."""

    def __init__(self, work: Work, watchers: Sequence[Observer]) -> None:
        self.work = work
        self.watchers = watchers
        self.session: _Stepping | None = None
        self.note = ""
        self.elapsed = _stopwatch()
        self._overall = 0

    def all_stages(self) -> Image:
        """Run every stage and return the last one's image, or the best of one that diverged."""
        for watcher in self.watchers:
            watcher.started(self.work.plan)
        image: Image | None = None
        for number in range(len(self.work.plan.spec.stages)):
            session = self._begin(number, previous=image)
            self.session = session
            try:
                self._steps(session, number)
            except Diverged as reason:
                if not isinstance(session, EvaluatedSession):
                    raise
                self.note = f"stage {number + 1}: {reason}; the picture is the best one before"
                return session.best()
            image = session.image()
        if image is None:
            raise ValueError("a spec has at least one stage")
        return image

    def _begin(self, number: int, *, previous: Image | None) -> _Stepping:
        work, spec = self.work, self.work.plan.spec
        height, width = work.sizes[number].content
        content = images.fit(work.content, height=height, width=width)
        if previous is None:
            begin = first_image(spec.start, picture=work.start, content=content)
        elif spec.stages[number].through_8_bits:
            begin = images.fit(images.truncated(previous), height=height, width=width)
        else:
            begin = resize(previous, height=height, width=width)
        problem = Problem(
            content=content,
            styles=sources(work.styles, work.sizes[number].styles),
            start=begin,
            weights=work.weights,
            objective=spec.objective(),
            adam=spec.adam(),
        )
        session = work.backend.start(
            problem,
            device=work.plan.device.name,
            dtype=work.dtype,
            execution=work.execution,
        )
        if isinstance(spec.optimiser, LBFGS):
            return EvaluatedSession(session, start=begin, settings=spec.optimiser, dtype=work.dtype)
        return session

    def _steps(self, session: _Stepping, number: int) -> None:
        spec = self.work.plan.spec
        steps = spec.stages[number].steps
        for index in range(steps):
            learning_rate = spec.learning_rate_at(index)
            session.step(learning_rate=learning_rate)
            self._overall += 1
            step = Step(
                stage=number + 1,
                step=index + 1,
                stage_steps=steps,
                overall=self._overall,
                learning_rate=learning_rate,
                clock=self.elapsed,
                session=session,
            )
            for watcher in self.watchers:
                watcher.stepped(step)


def _stopwatch() -> Callable[[], float]:
    began = time.perf_counter()
    return lambda: time.perf_counter() - began
