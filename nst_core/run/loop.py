"""The loop over stages and steps.

It calls its observers and prints nothing. The image reached so far is kept, if there is one: on
Ctrl-C it is in ``Interrupted.result``; if the run diverges or the memory is not enough, it is in
the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nst_core.arrays import Array, Image
from nst_core.backend.notices import listening
from nst_core.errors import OutOfMemoryError
from nst_core.optimisers import Diverged
from nst_core.run import estimate, recovery, stage_setup
from nst_core.run.checkpoint import Checkpoint, Position
from nst_core.run.control import NO_CHECKPOINTS, RunControl
from nst_core.run.divergence import DivergenceGuard, NonFiniteError
from nst_core.run.observers import History, Observer, Step
from nst_core.run.prepared import PreparedRun
from nst_core.run.result import Interrupted, Result
from nst_core.run.resume import (
    check_fits,
    picture_checksums,
    restore_stepper,
    resumed_recipe,
    stored_query,
)
from nst_core.run.stepper import Stepper
from nst_core.spec import Adam
from nst_core.system import memory


def run(
    prepared: PreparedRun,
    *,
    observers: Iterable[Observer],
    log_every: int,
    control: RunControl = NO_CHECKPOINTS,
) -> Result:
    """Run all stages.

    Args:
        prepared: The run.
        observers: Called at every step, in this order.
        log_every: Steps between two rows of the history.
        control: Where the run stops, resumes and writes checkpoints.

    Raises:
        Interrupted: on Ctrl-C, or when ``control.stop`` returned True, once a step has been taken;
            before the first step, KeyboardInterrupt.
        CheckpointError: if the checkpoint to resume from belongs to another run.
        NonFiniteError: if a loss or gradient is not finite before there is a picture.
        OutOfMemoryError: if the memory is not enough before there is a picture.
    """
    history = History(every=log_every)
    loop = _Loop(prepared, history, [history, *observers], control)

    def result(image: Image) -> Result:
        return Result(
            image=image,
            plan=loop.prepared.plan,
            history=tuple(history.rows),
            seconds=loop.elapsed(),
            note=loop.note,
            out_of_memory=loop.out_of_memory,
        )

    try:
        with listening(loop.notice):
            return result(loop.all_stages())
    except KeyboardInterrupt:
        image = loop.current_image()
        if image is None:
            raise
        raise Interrupted(result(image)) from None
    finally:
        for observer in loop.observers:
            observer.closed()


@dataclass(slots=True, kw_only=True)
class _RunningStage:
    """A stage that runs: its number from 0, its first image, its stepper, and its steps so far."""

    number: int
    initial_image: Image
    stepper: Stepper
    guard: DivergenceGuard
    done: int


class _Loop:
    """The state of the loop, and its clock."""

    def __init__(
        self,
        prepared: PreparedRun,
        history: History,
        observers: Sequence[Observer],
        control: RunControl,
    ) -> None:
        self.prepared, self.history = prepared, history
        self.observers, self.control = observers, control
        self.note = ""
        self.out_of_memory = False
        self.elapsed = stopwatch()
        self._stage: _RunningStage | None = None
        self._image: Image | None = None  # the last image of the stage before
        optimiser = prepared.plan.spec.optimiser
        self._carries_state = isinstance(optimiser, Adam) and optimiser.carry_state
        self._carried_state: Mapping[str, Array] | None = None  # of the stage before
        self._global_step = 0
        self._rss_mb = memory.rss_mb()
        self._picture_checksums: Mapping[str, str] = {}

    def current_image(self) -> Image | None:
        """Return the image as it is now; None before the first step."""
        if self._stage is None or not self.history.rows:
            return self._image
        return self._stage.stepper.image()

    def all_stages(self) -> Image:
        """Run every stage.

        Returns:
            The last stage's image. If a stage diverges or runs out of memory: the best image
            before that, and ``note`` says why.
        """
        checkpoint = self.control.resume
        self._identify_pictures(checkpoint)
        for observer in self.observers:
            observer.started(self.prepared.plan)
        first = checkpoint.position.stage if checkpoint else 0
        for number in range(first, len(self.prepared.sizes)):
            try:
                estimate.refuse_what_cannot_fit(self.prepared, number)
                stage = self._stage = (
                    self._resumed_stage(checkpoint) if checkpoint else self._new_stage(number)
                )
                checkpoint = None
                self._take_steps(stage)
                image = stage.stepper.image()
                stage.guard.check_end(image, step=stage.done)
            except (Diverged, NonFiniteError) as reason:
                image, self.note = recovery.after_divergence(
                    reason, stage.stepper, number=number, done=stage.done, best=stage.guard.best
                )
                return image
            except (OutOfMemoryError, MemoryError) as reason:
                self.out_of_memory = True
                best = self._stage.guard.best if self._stage else self._image
                image, self.note = recovery.after_out_of_memory(
                    reason, self.prepared, number=number, rss_mb=self._rss_mb, best=best
                )
                return image
            # This stage's memory is freed before the next stage allocates its own.
            self._carried_state = stage.stepper.state() if self._carries_state else None
            self._image, self._stage = image, None
        assert self._image is not None, "a spec has at least one stage"
        return self._image

    def notice(self, text: str) -> None:
        """Pass what a backend says on to the observers."""
        for observer in self.observers:
            observer.noticed(text)

    def _identify_pictures(self, checkpoint: Checkpoint | None) -> None:
        """Compute the pictures' checksums; without checkpoints nobody needs them."""
        if checkpoint or self.control.checkpoints:
            self._picture_checksums = picture_checksums(self.prepared)
        if checkpoint:
            check_fits(checkpoint, self.prepared, pictures=self._picture_checksums)
            plan = self.prepared.plan
            plan = replace(plan, recipe=resumed_recipe(checkpoint, plan.recipe))
            self.prepared = replace(self.prepared, plan=plan)

    def _new_stage(self, number: int) -> _RunningStage:
        image = stage_setup.initial_image(self.prepared, number, previous=self._image)
        stepper = stage_setup.start_stepper(self.prepared, number, initial_image=image)
        if self._carried_state:
            before, now = (
                stage_setup.change_of_variables(self.prepared, one) for one in (number - 1, number)
            )
            stage_setup.carry_state(stepper, self._carried_state, before=before, now=now)
        guard = DivergenceGuard(image, is_result=self._image is not None)
        return _RunningStage(
            number=number, initial_image=image, stepper=stepper, guard=guard, done=0
        )

    def _resumed_stage(self, checkpoint: Checkpoint) -> _RunningStage:
        position, image = checkpoint.position, checkpoint.initial_image
        stepper = stage_setup.start_stepper(
            self.prepared, position.stage, initial_image=image, query=stored_query(checkpoint)
        )
        restore_stepper(stepper, checkpoint)
        self._global_step, self.history.rows = position.global_step, list(checkpoint.rows)
        self.elapsed = stopwatch(position.seconds)
        return _RunningStage(
            number=position.stage,
            initial_image=image,
            stepper=stepper,
            guard=DivergenceGuard(stepper.image(), is_result=True),
            done=position.step,
        )

    def _take_steps(self, stage: _RunningStage) -> None:
        spec = self.prepared.plan.spec
        steps = spec.stages[stage.number].steps
        for index in range(stage.done, steps):
            learning_rate = spec.learning_rate_at(index)
            stage.stepper.step(learning_rate=learning_rate)
            stage.done = index + 1
            self._global_step += 1
            step = Step(
                stage=stage.number + 1,
                step=stage.done,
                stage_steps=steps,
                global_step=self._global_step,
                learning_rate=learning_rate,
                clock=self.elapsed,
                optimisation=stage.stepper,
            )
            stage.guard.check(step.losses, stage.stepper.image, step=stage.done)
            for observer in self.observers:
                observer.stepped(step)
            self._between_steps(stage)

    def _between_steps(self, stage: _RunningStage) -> None:
        """Write a checkpoint if one is due, and stop if asked to."""
        writer, stopping = self.control.checkpoints, self.control.stop()
        if writer and (stopping or writer.due(self._global_step)):
            stage.guard.check_end(stage.stepper.image(), step=stage.done)
            writer.write(self._checkpoint(stage, writer.options))
        if stopping and self._global_step < self.prepared.plan.steps:
            raise KeyboardInterrupt

    def _checkpoint(self, stage: _RunningStage, options: Mapping[str, Any]) -> Checkpoint:
        position = Position(
            stage=stage.number,
            step=stage.done,
            global_step=self._global_step,
            seconds=self.elapsed(),
            pictures=dict(self._picture_checksums),
            recipe=self.prepared.plan.recipe,
            options=dict(options),
        )
        return Checkpoint(
            position=position,
            initial_image=stage.initial_image,
            state=stage.stepper.state(),
            rows=tuple(self.history.rows),
        )


def stopwatch(before: float = 0.0) -> Callable[[], float]:
    """Return a function that returns the seconds since now, plus ``before``."""
    began = time.perf_counter() - before
    return lambda: time.perf_counter() - began
