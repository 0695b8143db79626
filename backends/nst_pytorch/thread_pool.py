"""Threads that compute side by side, each on one core.

PyTorch splits each operation among all cores. That pays off for large operations only: the cores
wait for each other after every operation, and what one core has written, the next operation reads
from another core's cache. Here a thread takes a whole block of the picture through all operations,
on its own core and in that core's cache. PyTorch releases Python's lock (GIL) while it computes.

Work between two such calls should be computed ``single_threaded`` too. After an operation that
PyTorch has split, its own threads spin for 7 ms and occupy the cores meanwhile.
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
"""Items, and the function that is called with (worker, item) for each of them."""
_Task = Callable[[int], None]


class ThreadPool:
    """A fixed number of worker threads, which live as long as the process.

    Args:
        count: The number of workers.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        threads = torch.get_num_threads()
        self._tasks: list[SimpleQueue[tuple[_Task, _PendingCall]]] = [
            SimpleQueue() for _ in range(count)
        ]
        ready = threading.Barrier(count + 1)
        for number in range(count):
            threading.Thread(
                target=self._run, args=(number, ready), name=f"nst-{number}", daemon=True
            ).start()
        ready.wait()
        # The number of threads is set per thread in PyTorch, but for the whole process in MKL.
        torch.set_num_threads(threads)

    def map(self, items: Iterable[T], function: Callable[[int, T], None]) -> None:
        """Call ``function(worker, item)`` for every item, and return when all calls are done.

        Which worker gets which item changes from call to call, so the result must not depend on
        ``worker``. That number only tells a worker which buffers are its own.

        Raises:
            BaseException: the first that ``function`` raised; the remaining items are skipped then.
        """
        self.run_phases((items, function))

    def run_phases(self, *phases: Phase[Any]) -> None:
        """Do as ``map`` does for every (items, function), each after the one before is done.

        The workers wait for each other by themselves. That is faster than a return to the caller
        between the phases.
        """
        call = _PendingCall(self.count)
        shared = [(_SharedIterator(items), function) for items, function in phases]
        barriers = [None, *(_Barrier(self.count) for _ in phases[1:])]

        def task(worker: int) -> None:
            for (items, function), barrier in zip(shared, barriers, strict=True):
                if barrier is not None:
                    barrier.wait()
                call.attempt(worker, items, function)

        with single_threaded():
            for queue in self._tasks:
                queue.put((task, call))
            call.wait()

    def _run(self, number: int, ready: threading.Barrier) -> None:
        torch.set_num_threads(1)
        ready.wait()
        while True:
            task, call = self._tasks[number].get()
            task(number)
            call.worker_ended()
            del task, call


@contextmanager
def single_threaded() -> Iterator[None]:
    """Give each operation one core, in MKL too, where the number applies to the whole process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def multi_threaded(device: torch.device) -> Iterator[None]:
    """Within ``single_threaded``, give each operation all cores again if ``device`` is the CPU."""
    threads = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(thread_pool().count)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _SharedIterator(Iterator[T]):
    """An iterator that several threads take items from."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self._lock = threading.Lock()

    def __next__(self) -> T:
        with self._lock:
            return next(self._items)


class _Barrier:
    """A point where each worker waits for all others; for one use.

    Two ``threading.Barrier`` in their place took 7 to 45 us longer, of some 110, on two cores.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._missing = count
        self._waiting: SimpleQueue[None] = SimpleQueue()
        self._count = count

    def wait(self) -> None:
        with self._lock:
            self._missing -= 1
            last = not self._missing
        if not last:
            self._waiting.get()
            return
        for _ in range(self._count - 1):
            self._waiting.put(None)


class _PendingCall:
    """A call that the workers compute and its caller waits for.

    The caller waits for the end even after Ctrl-C: the buffers are free only then.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._running = count
        self._end: SimpleQueue[None] = SimpleQueue()
        self._errors: list[BaseException] = []

    def attempt(self, worker: int, items: Iterable[T], function: Callable[[int, T], None]) -> None:
        """Do a worker's share, unless another worker has failed; ``wait`` raises the error."""
        try:
            for item in items:
                if self._errors:
                    return
                function(worker, item)
        except BaseException as error:
            self._errors.append(error)

    def worker_ended(self) -> None:
        with self._lock:
            self._running -= 1
            last = not self._running
        if last:  # waking the caller earlier would take Python's lock from the other workers
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
def thread_pool() -> ThreadPool:
    """Return this process's workers, one for each core that PyTorch uses."""
    return ThreadPool(torch.get_num_threads())
