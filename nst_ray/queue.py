"""The jobs that wait for a slot: a short look ahead in a long stream, ordered by style."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Collection, Iterator

from nst_core.batch.executor import Task


class Queue:
    """Hands out jobs. A slot gets one of a style that it has painted, if there is one.

    Otherwise it gets one of a style that no other slot has painted, and otherwise the oldest. So
    targets of styles are computed by few slots, and no slot waits for that.

    Args:
        tasks: The jobs, which are taken as they are needed.
        ahead: Number of jobs to look ahead.
    """

    def __init__(self, tasks: Iterator[Task], *, ahead: int) -> None:
        self._tasks, self._ahead = tasks, ahead
        self._by_style: OrderedDict[str, deque[Task]] = OrderedDict()
        self._count = 0
        self._again: deque[Task] = deque()
        self._is_over = False

    def take(self, own: Collection[str], others: Collection[str]) -> Task | None:
        """Return the next job for a slot; None if there is none.

        Args:
            own: The styles that the slot has painted, the latest last.
            others: The styles that other slots have painted.
        """
        if self._again:
            return self._again.popleft()
        self._fill()
        if not self._count:
            return None
        for style in reversed(list(own)):
            if style in self._by_style:
                return self._pop(style)
        for style in self._by_style:
            if style not in others:
                return self._pop(style)
        return self._pop(min(self._by_style, key=lambda style: self._by_style[style][0].number))

    def put_back(self, task: Task) -> None:
        """Return a job whose slot has vanished; it is the next one."""
        self._again.append(task)

    def _fill(self) -> None:
        while not self._is_over and self._count < self._ahead:
            task = next(self._tasks, None)
            if task is None:
                self._is_over = True
                return
            self._by_style.setdefault(task.job.style, deque()).append(task)
            self._count += 1

    def _pop(self, style: str) -> Task:
        tasks = self._by_style[style]
        task = tasks.popleft()
        if not tasks:
            del self._by_style[style]
        self._count -= 1
        return task


class Attempts:
    """How often each job has lost its worker.

    A job that ends its worker is given up after three times. A worker that vanishes with its
    machine is no fault of the job; but a job may also be what ends machines, so that has a limit
    too.
    """

    MOST_WORKERS, MOST_MACHINES = 3, 10

    def __init__(self) -> None:
        self._workers: dict[int, int] = {}
        self._machines: dict[int, int] = {}

    def lost(self, task: Task, *, with_machine: bool) -> int | None:
        """Count a loss; return the number of losses if the job is given up now, otherwise None."""
        counts = self._machines if with_machine else self._workers
        most = self.MOST_MACHINES if with_machine else self.MOST_WORKERS
        counts[task.number] = counts.get(task.number, 0) + 1
        return counts[task.number] if counts[task.number] >= most else None

    def ended(self, task: Task) -> None:
        """Forget a job."""
        self._workers.pop(task.number, None)
        self._machines.pop(task.number, None)
