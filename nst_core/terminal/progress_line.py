"""The line of the progress bar, fitted to the width of the terminal.

Where the terminal is too narrow for everything, the bar becomes shorter. Then parts are left out,
in this order: the losses, the seconds per step, the bar. The steps and the time left stay longest:
the time becomes coarser (``12m``) before it is left out too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.progress import ProgressColumn, Task
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from typing_extensions import override

_LONGEST_BAR, _SHORTEST_BAR = 40, 10
"""In characters."""

_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


class LineColumn(ProgressColumn):
    """The only column of the progress: the whole line.

    The task has the fields ``losses`` and ``pace``, which are texts.
    """

    @override
    def render(self, task: Task) -> ProgressLine:
        return ProgressLine(task)


class ProgressLine:
    """The line of a task, for rich. It is as wide as the room that it gets."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._steps = f"{task.completed:.0f}/{task.total or 0:.0f}"
        self._pace, self._losses = task.fields["pace"], task.fields["losses"]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(len(self._steps), options.max_width), options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        for bar, texts in self._choices():
            room = width - sum(len(text) + 1 for text in texts)
            if room >= bar - (not bar):
                yield self._line(min(room, _LONGEST_BAR) if bar else 0, texts)
                return
        yield Text(self._steps[:width], no_wrap=True)

    def _choices(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield what the line may hold: the shortest bar, and texts; the fullest line first."""
        time_left = _clock(self._task.time_remaining)
        yield _SHORTEST_BAR, _given(self._steps, self._losses, self._pace, time_left)
        yield _SHORTEST_BAR, _given(self._steps, self._pace, time_left)
        yield _SHORTEST_BAR, (self._steps, time_left)
        yield 0, (self._steps, time_left)
        yield 0, (self._steps, _coarse(self._task.time_remaining))
        yield 0, (self._steps,)

    def _line(self, bar: int, texts: Sequence[str]) -> Table:
        line = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
        cells: list[ProgressBar | Text] = []
        if bar:
            total = max(self._task.total or 0, 1)
            pulse = not self._task.started
            cells.append(ProgressBar(total, self._task.completed, width=bar, pulse=pulse))
        cells += [Text(text, no_wrap=True) for text in texts]
        line.add_row(*cells)
        return line


def _given(*texts: str) -> tuple[str, ...]:
    return tuple(text for text in texts if text)


def _clock(seconds: float | None) -> str:
    """Return a time as ``1:02:03``."""
    if seconds is None:
        return "-:--:--"
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _coarse(seconds: float | None) -> str:
    """Return a time in its largest unit, rounded up: ``12m``."""
    if seconds is None:
        return "-"
    size, unit = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{math.ceil(seconds / size)}{unit}"
