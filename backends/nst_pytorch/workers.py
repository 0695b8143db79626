"""Threads that compute side by side, each on one core.

PyTorch splits each operation among all cores, which pays for large operations only: the cores wait
for each other after every one, and what one core has written the next operation reads from another
core's cache. Here a thread takes a whole block of the picture through all operations, each on the
thread's own core, in that core's own cache. PyTorch lets go of Python's lock while it computes.

What else is computed between two such calls should be computed on ``one_core``, too: after an
operation that PyTorch has split, its own threads go on spinning for 7 ms, and hold the cores.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from queue import SimpleQueue
from typing import Any, TypeVar

import torch

T = TypeVar("T")
Phase = tuple[Iterable[T], Callable[[int, T], None]]
_Job = Callable[[int], None]


class Workers:
    """A fixed number of threads, which live as long as the process.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        threads = torch.get_num_threads()
        self._jobs: list[SimpleQueue[tuple[_Job, _Call]]] = [SimpleQueue() for _ in range(count)]
        ready = threading.Barrier(count + 1)
        for number in range(count):
            threading.Thread(
                target=self._work, args=(number, ready), name=f"nst-{number}", daemon=True
            ).start()
        ready.wait()
        # A thread's number of cores is its own, and MKL's the whole process's.
        torch.set_num_threads(threads)

    def each(self, items: Iterable[T], work: Callable[[int, T], None]) -> None:
        """Call ``work(worker, item)`` for every item, and return when all are done.

        Which worker gets which item changes from call to call, so ``work`` must not depend on it:
        the number is there to tell a worker its own buffers.

        Raises:
            BaseException: what ``work`` raised first; items that are left are then left out.
        """
        self.in_turn((items, work))

    def in_turn(self, *phases: Phase[Any]) -> None:
        """Do as ``each`` does with every (items, work), each when the one before it is done.

        The workers wait for each other by themselves: faster than to come back here in between.
        """
        call = _Call(self.count)
        shared = [(_Shared(items), work) for items, work in phases]
        gates = [None, *(_Gate(self.count) for _ in phases[1:])]

        def job(worker: int) -> None:
            for (items, work), gate in zip(shared, gates, strict=True):
                if gate is not None:
                    gate.wait()
                call.attempt(worker, items, work)

        with one_core():
            for queue in self._jobs:
                queue.put((job, call))
            call.wait()

    def _work(self, number: int, ready: threading.Barrier) -> None:
        torch.set_num_threads(1)
        ready.wait()
        while True:
            job, call = self._jobs[number].get()
            job(number)
            call.ended()
            del job, call


@contextmanager
def one_core() -> Iterator[None]:
    """Give each operation one core, also in MKL, where the number is the whole process's."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def all_cores(device: torch.device) -> Iterator[None]:
    """Within ``one_core``, give each operation all cores again, if ``device`` is the CPU."""
    threads = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(workers().count)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _Shared(Iterator[T]):
    """An iterator that several threads take from."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self._lock = threading.Lock()

    def __next__(self) -> T:
        with self._lock:
            return next(self._items)


class _Gate:
    """Where all workers wait for the last of them."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._missing = count
        self._others: SimpleQueue[None] = SimpleQueue()
        self._count = count

    def wait(self) -> None:
        with self._lock:
            self._missing -= 1
            last = not self._missing
        if not last:
            self._others.get()
            return
        for _ in range(self._count - 1):
            self._others.put(None)


class _Call:
    """One call's end, for which its caller waits, Ctrl-C or not: buffers are free only then."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._running = count
        self._end: SimpleQueue[None] = SimpleQueue()
        self._errors: list[BaseException] = []

    def attempt(self, worker: int, items: Iterable[T], work: Callable[[int, T], None]) -> None:
        """Do a worker's part, unless another has failed; an error is raised by ``wait``."""
        try:
            for item in items:
                if self._errors:
                    return
                work(worker, item)
        except BaseException as error:
            self._errors.append(error)

    def ended(self) -> None:
        with self._lock:
            self._running -= 1
            last = not self._running
        if last:  # only then is the caller woken, which would take Python's lock from the others
            self._end.put(None)

    def wait(self) -> None:
        interrupted: KeyboardInterrupt | None = None
        while True:
            try:
                self._end.get()
                break
            except KeyboardInterrupt as error:
                interrupted = error
        if interrupted is not None:
            raise interrupted
        if self._errors:
            raise self._errors[0]


@cache
def workers() -> Workers:
    """Return this process's workers, one for each core that PyTorch uses."""
    return Workers(torch.get_num_threads())
