"""What ``nst batch`` prints: a line per picture, its progress, and the result at the end."""

from __future__ import annotations

import time
from collections import Counter
from itertools import islice
from pathlib import Path

from typing_extensions import override

from nst_core.batch import BatchListener, JobRecord
from nst_core.batch.executor import Task
from nst_core.batch.table import CSV, Table
from nst_core.system.files import display_path
from nst_core.terminal.streams import echo, warn
from nst_core.terminal.tables import new_table, print_table

_MOST_ROWS = 200
_PROGRESS_SECONDS = 30.0


class Report(BatchListener):
    """Prints what happens in a batch, and keeps its table.

    Args:
        table: Gets every record.
        total: Number of jobs.
        quiet: Whether to print only warnings and failures.

    Attributes:
        ended_jobs: Number of jobs that have a record.
        failed: Number of jobs with a reason: failed, or ended early.
    """

    def __init__(self, table: Table, *, total: int, quiet: bool) -> None:
        self._table, self._total, self._quiet = table, total, quiet
        self._running: set[int] = set()
        self._said: set[str] = set()
        self._by_status: Counter[str] = Counter()
        self._by_machine: Counter[str] = Counter()
        self._began = self._printed = time.monotonic()
        self.ended_jobs = 0
        self.failed = 0

    @override
    def began(self, task: Task) -> None:
        self._running.add(task.number)

    @override
    def ended(self, task: Task, record: JobRecord) -> None:
        self._running.discard(task.number)
        self._by_status[record.status] += 1
        if record.machine:
            self._by_machine[record.machine] += 1
        self.ended_jobs += 1
        self.failed += _has_failed(record)
        self._table.add(task.number, record)
        if not self._quiet:
            echo(f"{self.ended_jobs}/{self._total}  {_outcome(record)}", err=True)
        style = f"{display_path(record.style)} ", f"{display_path(record.style)}: "
        for line in record.warnings:
            # About the style's file: once, not for each content.
            if not line.startswith(style):
                warn(f"{display_path(record.output)}: {line}")
            elif line not in self._said:
                self._said.add(line)
                warn(line)
        if not self._quiet and time.monotonic() - self._printed > _PROGRESS_SECONDS:
            self._printed = time.monotonic()
            echo(self.progress(), err=True)

    @override
    def waits(self, count: int) -> None:
        if not self._quiet:
            echo(f"waiting for {count} that another batch is making", err=True)

    def progress(self) -> str:
        """Return one line: how many are done, run and failed, the rate, and the time left."""
        hours = (time.monotonic() - self._began) / 3600
        made = self._by_status["done"] + self._by_status["failed"]
        parts = [
            f"{self._by_status['done']} done",
            f"{self._by_status['skipped']} done before",
            f"{len(self._running)} running",
            f"{self.failed} failed",
            f"{self._total - self.ended_jobs} left",
        ]
        if made:
            rate = made / hours
            parts += [
                f"{rate:.0f} pictures per hour",
                f"about {_duration((self._total - self.ended_jobs) / rate)} left",
            ]
        if len(self._by_machine) > 1:
            machines = sorted(self._by_machine.items())
            parts.append("by machine: " + ", ".join(f"{name} {n}" for name, n in machines))
        return "; ".join(parts)

    def print_end(self) -> None:
        """Print the pictures, if they are few, and every failure."""
        if not self._quiet:
            if self._total > _MOST_ROWS:
                echo(self.progress(), err=True)
            else:
                columns = ("picture", "", "size", "steps", "content", "style", "tv", "seconds")
                rows = map(_row, self._table.records())
                print_table(new_table((*columns, "note"), rows))
        failures = filter(_has_failed, self._table.records())
        for record in islice(failures, _MOST_ROWS):
            echo(f"nst: failed: {display_path(record.output)}: {record.reason}", err=True)
        if self.failed > _MOST_ROWS:
            echo(f"nst: {self.failed - _MOST_ROWS} more failed; {CSV} lists all", err=True)


def _has_failed(record: JobRecord) -> bool:
    # A run that ended early has a reason too. It left a picture, but it is no success.
    return record.status != "skipped" and bool(record.reason)


def _outcome(record: JobRecord) -> str:
    outcome = {
        "done": f"done in {record.seconds:.0f} s",
        "skipped": "was done before",
        "failed": f"failed: {record.reason}",
    }[record.status]
    return f"{display_path(record.output)}: {outcome}"


def _duration(hours: float) -> str:
    minutes = round(hours * 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _row(record: JobRecord) -> tuple[str, ...]:
    losses = (record.content_loss, record.style_loss, record.tv_loss)
    return (
        display_path(Path(record.output).name),
        record.status,
        "x".join(map(str, record.size or ())),
        str(record.steps or ""),
        *("" if loss is None else f"{loss:.3g}" for loss in losses),
        f"{record.seconds:.1f}",
        record.reason,
    )
