"""Drives a batch: finds what is done already, gives the rest to an engine, and collects records."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from typing_extensions import override

from nst_core.batch import job_checkpoint
from nst_core.batch.executor import Executor, Task
from nst_core.batch.job import Job, JobRecord
from nst_core.batch.job_runner import is_done
from nst_core.batch.process_pool import ProcessPool
from nst_core.system import storage

_QUESTIONS = 16
"""Number of objects that a store is asked for at the same time, to find what is done already."""

_WAIT = 2.0
"""Seconds after which a job is asked for again that another batch was running."""


class BatchInterrupted(KeyboardInterrupt):
    """A batch was interrupted by Ctrl-C.

    Attributes:
        records: Those of the jobs that were done by then.
    """

    def __init__(self, records: list[JobRecord]) -> None:
        super().__init__("interrupted")
        self.records = records


class BatchListener:
    """What a batch tells while it runs; every method may be replaced. This one does nothing."""

    def began(self, task: Task) -> None:
        """A job has been given to a worker."""

    def ended(self, task: Task, record: JobRecord) -> None:
        """A job has its record, which is final; called once per job, in any order."""

    def waits(self, count: int) -> None:
        """Nothing is left but ``count`` jobs that other batches are running."""


class _Driver:
    """Between the jobs and the engine. Jobs that other batches are running are kept for later."""

    def __init__(self, listener: BatchListener) -> None:
        self._listener = listener
        self.deferred: list[Task] = []

    def pending(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """Yield the tasks that are not done already."""
        for task, done in _checked(tasks):
            if done:
                self._listener.ended(task, JobRecord.skipped(task.job))
            else:
                yield task

    def began(self, task: Task) -> None:
        self._listener.began(task)

    def ended(self, task: Task, record: JobRecord) -> None:
        if record.status == "claimed":
            self.deferred.append(task)
        else:
            self._listener.ended(task, record)


def _is_done(job: Job) -> bool:
    """Whether a job is done; if it is, a checkpoint is removed that a killed worker left."""
    done = is_done(job)
    if done and (checkpoint := job_checkpoint.of(job)) is not None:
        checkpoint.remove()
    return done


def _checked(tasks: Iterable[Task]) -> Iterator[tuple[Task, bool]]:
    """Yield each task, and whether it is done.

    This is found out here and not in a worker, which takes seconds to load a framework. A store
    takes long to answer, so it is asked for several objects at a time.
    """
    window: deque[tuple[Task, Future[bool]]] = deque()
    with ThreadPoolExecutor(_QUESTIONS) as threads:  # it starts none if it gets nothing to do
        for task in tasks:
            if not any(map(storage.is_url, (task.job.output, *task.job.inputs()))):
                yield task, _is_done(task.job)
                continue
            window.append((task, threads.submit(_is_done, task.job)))
            if len(window) >= _QUESTIONS:
                first, done = window.popleft()
                yield first, done.result()
        while window:
            first, done = window.popleft()
            yield first, done.result()


def run_batch(jobs: Iterable[Job], executor: Executor, listener: BatchListener) -> None:
    """Run all jobs that are not done already.

    Jobs are taken from ``jobs`` one by one, when a worker is free. A job that another batch is
    running is waited for: when that batch has made the picture, it is skipped; when that batch has
    vanished, it is run.

    Args:
        jobs: The jobs.
        executor: The engine that runs them.
        listener: Is told of every beginning and every record, from one thread at a time.

    Raises:
        ExecutorError: one line: the engine can't run any job.
        KeyboardInterrupt: on Ctrl-C, after every worker has ended.
    """
    driver = _Driver(listener)
    tasks: Iterable[Task] = (Task(number, job) for number, job in enumerate(jobs))
    while True:
        executor.run(driver.pending(tasks), driver)
        if not driver.deferred:
            return
        listener.waits(len(driver.deferred))
        time.sleep(_WAIT)
        tasks, driver.deferred = driver.deferred, []


def run_jobs(
    jobs: Sequence[Job],
    *,
    workers: int = 1,
    on_record: Callable[[JobRecord], None] = lambda _: None,
) -> list[JobRecord]:
    """Run all jobs, in ``workers`` processes at a time, and return all records.

    A process that dies, for example because memory runs out, costs only the picture that it was
    making. A new process takes its place.

    Args:
        jobs: The jobs.
        workers: Number of processes. Each gets an equal share of the cores.
        on_record: Called with each record as it arrives, never twice at the same time.

    Returns:
        The records, in the order of the jobs.

    Raises:
        BatchInterrupted: on Ctrl-C, after every process has ended.
    """
    collector = _Collector(on_record)
    try:
        run_batch(jobs, ProcessPool(workers=workers), collector)
    except KeyboardInterrupt:
        raise BatchInterrupted(collector.in_order()) from None
    return collector.in_order()


class _Collector(BatchListener):
    """Keeps all records."""

    def __init__(self, on_record: Callable[[JobRecord], None]) -> None:
        self._on_record = on_record
        self._records: dict[int, JobRecord] = {}

    @override
    def ended(self, task: Task, record: JobRecord) -> None:
        self._records[task.number] = record
        self._on_record(record)

    def in_order(self) -> list[JobRecord]:
        return [self._records[number] for number in sorted(self._records)]
