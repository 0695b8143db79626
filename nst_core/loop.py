"""The loop over stages and steps. It tells its observers, prints nothing, and loses no picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nst_core import memory, rescue, staging
from nst_core.arrays import Array, Image
from nst_core.checkpoint import Checkpoint, Position
from nst_core.errors import OutOfMemoryError
from nst_core.numbers import Guard, NumbersError
from nst_core.observers import History, Observer, Step
from nst_core.optimisers import Diverged
from nst_core.result import Interrupted, Result
from nst_core.resuming import check_fits, identities, recipe, restore
from nst_core.spec import Adam
from nst_core.stepping import Stepping
from nst_core.work import SAFE, Safety, Work


def run(
    work: Work, *, observers: Iterable[Observer], log_every: int, safety: Safety = SAFE
) -> Result:
    """Run all stages.

    Raises:
        Interrupted: on Ctrl-C or when told to stop, once a step has been taken; before that,
            KeyboardInterrupt.
        CheckpointError: if what it should resume from is of another run.
        NumbersError: if the numbers go wrong before there is a picture.
    """
    history = History(every=log_every)
    loop = _Loop(work, history, [history, *observers], safety)

    def result(image: Image) -> Result:
        return Result(
            image=image,
            plan=loop.work.plan,
            history=tuple(history.rows),
            seconds=loop.elapsed(),
            note=loop.note,
        )

    try:
        return result(loop.all_stages())
    except KeyboardInterrupt:
        image = loop.reached()
        if image is None:
            raise
        raise Interrupted(result(image)) from None
    finally:
        for watcher in loop.watchers:
            watcher.closed()


@dataclass(slots=True, kw_only=True)
class _Stage:
    """A stage that runs: what it started from, what takes its steps, and how many are done."""

    number: int
    begin: Image
    session: Stepping
    guard: Guard
    done: int


class _Loop:
    """Where the loop stands, and the clock."""

    def __init__(
        self, work: Work, history: History, watchers: Sequence[Observer], safety: Safety
    ) -> None:
        self.work, self.history, self.watchers, self.safety = work, history, watchers, safety
        self.note = ""
        self.elapsed = stopwatch()
        self._stage: _Stage | None = None
        self._image: Image | None = None  # what the stage before ended with
        optimiser = work.plan.spec.optimiser
        self._carries = isinstance(optimiser, Adam) and optimiser.carry_state
        self._carried: Mapping[str, Array] | None = None  # and in which state
        self._overall = 0
        self._held = memory.held_mb()
        self._pictures: Mapping[str, str] = {}

    def reached(self) -> Image | None:
        """Return the image as it is now; None before the first step."""
        if self._stage is None or not self.history.rows:
            return self._image
        return self._stage.session.image()

    def all_stages(self) -> Image:
        """Run every stage and return the last one's image, or the best of one that went wrong."""
        point = self.safety.resume
        self._identify(point)
        for watcher in self.watchers:
            watcher.started(self.work.plan)
        for number in range(point.position.stage if point else 0, len(self.work.sizes)):
            try:
                stage = self._stage = self._resumed(point) if point else self._begun(number)
                point = None
                self._steps(stage)
                image = stage.session.image()
                stage.guard.check_end(image, step=stage.done)
            except (Diverged, NumbersError) as reason:
                image, self.note = rescue.from_numbers(
                    reason, stage.session, number=number, done=stage.done, best=stage.guard.best
                )
                return image
            except (OutOfMemoryError, MemoryError) as reason:
                best = self._stage.guard.best if self._stage else self._image
                image, self.note = rescue.from_lack(
                    reason, self.work, number=number, held_mb=self._held, best=best
                )
                return image
            # The next stage's memory is not needed on top of this one's.
            self._carried = stage.session.state() if self._carries else None
            self._image, self._stage = image, None
        assert self._image is not None, "a spec has at least one stage"
        return self._image

    def _identify(self, point: Checkpoint | None) -> None:
        """Compute the pictures' checksums, for which nobody waits who keeps no checkpoints."""
        if point or self.safety.keep:
            self._pictures = identities(self.work)
        if point:
            check_fits(point, self.work, pictures=self._pictures)
            plan = self.work.plan
            plan = replace(plan, recipe=recipe(point, plan.recipe))
            self.work = replace(self.work, plan=plan)

    def _begun(self, number: int) -> _Stage:
        begin = staging.begin(self.work, number, previous=self._image)
        session = staging.session(self.work, number, begin=begin)
        if self._carried:
            staging.carry(session, self._carried, begin=begin)
        guard = Guard(begin, reached=self._image is not None)
        return _Stage(number=number, begin=begin, session=session, guard=guard, done=0)

    def _resumed(self, point: Checkpoint) -> _Stage:
        position, number = point.position, point.position.stage
        session = staging.session(self.work, number, begin=point.begin)
        restore(session, point)
        self._overall, self.history.rows = position.overall, list(point.rows)
        self.elapsed = stopwatch(position.seconds)
        guard = Guard(session.image(), reached=True)
        return _Stage(
            number=number, begin=point.begin, session=session, guard=guard, done=position.step
        )

    def _steps(self, stage: _Stage) -> None:
        spec = self.work.plan.spec
        steps = spec.stages[stage.number].steps
        for index in range(stage.done, steps):
            learning_rate = spec.learning_rate_at(index)
            stage.session.step(learning_rate=learning_rate)
            stage.done = index + 1
            self._overall += 1
            step = Step(
                stage=stage.number + 1,
                step=stage.done,
                stage_steps=steps,
                overall=self._overall,
                learning_rate=learning_rate,
                clock=self.elapsed,
                session=stage.session,
            )
            stage.guard.check(step.losses, stage.session.image, step=stage.done)
            for watcher in self.watchers:
                watcher.stepped(step)
            self._between_steps(stage)

    def _between_steps(self, stage: _Stage) -> None:
        """Keep a checkpoint, if it is due, and stop, if told to."""
        keep, stopping = self.safety.keep, self.safety.stop()
        if keep and (stopping or self._overall % keep.every == 0):
            stage.guard.check_end(stage.session.image(), step=stage.done)
            keep.write(self._checkpoint(stage, keep.options))
        if stopping and self._overall < self.work.plan.steps:
            raise KeyboardInterrupt

    def _checkpoint(self, stage: _Stage, options: Mapping[str, Any]) -> Checkpoint:
        position = Position(
            stage=stage.number,
            step=stage.done,
            overall=self._overall,
            seconds=self.elapsed(),
            pictures=dict(self._pictures),
            recipe=self.work.plan.recipe,
            options=dict(options),
        )
        return Checkpoint(
            position=position,
            begin=stage.begin,
            state=stage.session.state(),
            rows=tuple(self.history.rows),
        )


def stopwatch(before: float = 0.0) -> Callable[[], float]:
    """Return what tells the seconds since now, and ``before`` besides."""
    began = time.perf_counter() - before
    return lambda: time.perf_counter() - began
