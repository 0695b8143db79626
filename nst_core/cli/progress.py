"""What a run shows while it goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from nst_core.cli.streams import silence
from nst_core.run.observers import History, Observer, Plan, Step

_REFRESH = 0.25  # seconds between two looks at the losses, each of which waits for the device


def progress_observer(*, quiet: bool, every: int) -> list[Observer]:
    """Return the observer that suits where stderr goes; none if ``quiet``."""
    if quiet:
        return []
    # Started without one, Python has no stderr at all.
    terminal = sys.stderr is not None and sys.stderr.isatty()
    return [Unheard(Bar() if terminal else Lines(every=every))]


def headline(plan: Plan) -> str:
    """Return one line on what is going to be done, and where: nobody uses a CPU unknowingly."""
    sizes = ", ".join(f"{height}x{width}" for height, width in plan.sizes)
    device = f"{plan.device.name} ({plan.device.description})"
    return (
        f"{plan.spec.name}: {sizes}, {plan.steps} steps, {plan.backend} on {device}, "
        f"weights {plan.weights}"
    )


def losses_text(step: Step) -> str:
    """Return the losses of a step, as the documents report them."""
    losses = step.losses
    return (
        f"content {losses.content_sum:.3g}  style {losses.style_sum:.3g}  "
        f"tv {losses.total_variation:.3g}"
    )


class Unheard(Observer):
    """Shows a run for as long as anybody reads: a terminal may close, a pipe end in ``head``."""

    def __init__(self, shown: Observer) -> None:
        self._shown: Observer | None = shown

    def started(self, plan: Plan) -> None:
        """Show it."""
        self._call(lambda shown: shown.started(plan))

    def stepped(self, step: Step) -> None:
        """Show it."""
        self._call(lambda shown: shown.stepped(step))

    def closed(self) -> None:
        """Show it."""
        self._call(lambda shown: shown.closed())

    def _call(self, show: Callable[[Observer], None]) -> None:
        if self._shown is None:
            return
        try:
            show(self._shown)
        except OSError:
            self._shown = None
            silence(sys.stderr)


class Lines(Observer):
    """One line for each row of the history."""

    def __init__(self, *, every: int) -> None:
        self._rows = History(every=every)
        self._steps = 0

    def started(self, plan: Plan) -> None:
        """Print the headline."""
        self._steps = plan.steps
        click.echo(headline(plan), err=True)

    def stepped(self, step: Step) -> None:
        """Print a line, if it is due."""
        if self._rows.wants(step):
            losses = losses_text(step)
            each = step.seconds / step.global_step
            left = each * (self._steps - step.global_step)
            click.echo(
                f"stage {step.stage}  step {step.step}/{step.stage_steps}  {losses}  "
                f"{each:.2f} s/step  {left:.0f} s left",
                err=True,
            )


class Bar(Observer):
    """A bar with losses, time per step and time left."""

    def __init__(self) -> None:
        self._progress = Progress(
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[losses]}"),
            TextColumn("{task.fields[pace]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task: TaskID | None = None
        self._shown = 0.0

    def started(self, plan: Plan) -> None:
        """Print the headline and show the bar."""
        click.echo(headline(plan), err=True)
        self._task = self._progress.add_task("", total=plan.steps, losses="", pace="")
        self._progress.start()

    def stepped(self, step: Step) -> None:
        """Move the bar; look at the losses only as often as an eye would."""
        if self._task is None:
            return
        now = time.monotonic()
        if now - self._shown >= _REFRESH or step.last:
            losses = losses_text(step)  # waits, so the time below is that of finished steps
            self._progress.update(
                self._task,
                completed=step.global_step,
                losses=losses,
                pace=f"{step.seconds / step.global_step:.2f} s/step",
            )
            self._shown = now

    def closed(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()
