"""Progress of a run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import click
from rich.console import Console
from rich.progress import Progress, TaskID
from typing_extensions import override

from nst_core.run.observers import History, Observer, Plan, Step
from nst_core.system.names import display_path
from nst_core.terminal.progress_line import LineColumn
from nst_core.terminal.streams import silence

_REFRESH_SECONDS = 0.25
"""Time between two updates of the bar. Each reads the losses, which waits for the device."""


def progress_observers(*, quiet: bool, every: int) -> list[Observer]:
    """Return the observers that show progress on stderr.

    Args:
        quiet: Whether to show nothing; the list is then empty.
        every: Steps between two lines, where stderr is no terminal.
    """
    if quiet:
        return []
    # A process that was started without stderr has None there.
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    return [IgnoreBrokenPipe(ProgressBar() if on_terminal else ProgressLines(every=every))]


def headline(plan: Plan) -> str:
    """Return one line that says what is run and where, so that nobody uses a CPU unknowingly."""
    sizes = ", ".join(f"{height}x{width}" for height, width in plan.sizes)
    device = f"{plan.device.name} ({plan.device.description})"
    return (
        f"{display_path(plan.spec.name)}: {sizes}, {plan.steps} steps, {plan.backend} on {device}, "
        f"weights {display_path(plan.weights)}"
    )


def losses_text(step: Step) -> str:
    """Return the weighted losses of a step, summed as the documents report them."""
    losses = step.losses
    return (
        f"content {losses.content_sum:.3g}  style {losses.style_sum:.3g}  "
        f"tv {losses.total_variation:.3g}"
    )


class IgnoreBrokenPipe(Observer):
    """Passes everything to another observer until that fails to write, and nothing afterwards.

    A terminal may be closed and a pipe may end in ``head``. The run goes on without progress.

    Args:
        observer: The observer that writes to stderr.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer: Observer | None = observer

    @override
    def started(self, plan: Plan) -> None:
        self._call(lambda observer: observer.started(plan))

    @override
    def stepped(self, step: Step) -> None:
        self._call(lambda observer: observer.stepped(step))

    @override
    def noticed(self, text: str) -> None:
        self._call(lambda observer: observer.noticed(text))

    @override
    def closed(self) -> None:
        self._call(lambda observer: observer.closed())

    def _call(self, call: Callable[[Observer], None]) -> None:
        if self._observer is None:
            return
        try:
            call(self._observer)
        except OSError:
            self._observer = None
            silence(sys.stderr)


class ProgressLines(Observer):
    """Prints one line for each step that gets a row in the history.

    Args:
        every: Steps between two lines.
    """

    def __init__(self, *, every: int) -> None:
        self._history = History(every=every)
        self._total_steps = 0

    @override
    def started(self, plan: Plan) -> None:
        self._total_steps = plan.steps
        click.echo(headline(plan), err=True)

    @override
    def noticed(self, text: str) -> None:
        click.echo(text, err=True)

    @override
    def stepped(self, step: Step) -> None:
        if self._history.wants(step):
            losses = losses_text(step)
            seconds_per_step = step.seconds / step.global_step
            seconds_left = seconds_per_step * (self._total_steps - step.global_step)
            click.echo(
                f"stage {step.stage}  step {step.step}/{step.stage_steps}  {losses}  "
                f"{seconds_per_step:.2f} s/step  {seconds_left:.0f} s left",
                err=True,
            )


class ProgressBar(Observer):
    """Shows a bar with steps, losses, seconds per step and time left, as many as there is room for.

    See ``nst_core.terminal.progress_line``.
    """

    def __init__(self) -> None:
        self._progress = Progress(
            LineColumn(), console=Console(stderr=True, markup=False, emoji=False, highlight=False)
        )
        self._task: TaskID | None = None
        self._last_update = 0.0

    @override
    def started(self, plan: Plan) -> None:
        click.echo(headline(plan), err=True)
        self._task = self._progress.add_task("", total=plan.steps, losses="", pace="")
        self._progress.start()

    @override
    def noticed(self, text: str) -> None:
        """Show the text in the place of the losses, until the next step."""
        if self._task is not None:
            self._progress.update(self._task, losses=text, refresh=True)

    @override
    def stepped(self, step: Step) -> None:
        if self._task is None:
            return
        now = time.monotonic()
        if now - self._last_update >= _REFRESH_SECONDS or step.last:
            # Reading the losses waits for the device, so the time below counts finished steps.
            losses = losses_text(step)
            self._progress.update(
                self._task,
                completed=step.global_step,
                losses=losses,
                pace=f"{step.seconds / step.global_step:.2f} s/step",
            )
            self._last_update = now

    @override
    def closed(self) -> None:
        self._progress.stop()
