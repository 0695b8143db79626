"""Distributes the jobs of a batch over processes and collects their records."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from nst_core.batch.job import Job, JobRecord
from nst_core.batch.job_runner import is_done
from nst_core.system.files import remove_stale
from nst_core.system.processes import exit_reason, stop
from nst_core.system.supervision import OUT_OF_MEMORY


class BatchInterrupted(KeyboardInterrupt):
    """A batch was interrupted by Ctrl-C.

    Attributes:
        records: Those of the jobs that were done by then.
    """

    def __init__(self, records: list[JobRecord]) -> None:
        super().__init__("interrupted")
        self.records = records


def run_jobs(
    jobs: Sequence[Job],
    *,
    workers: int = 1,
    on_record: Callable[[JobRecord], None] = lambda _: None,
) -> list[JobRecord]:
    """Run all jobs, in ``workers`` processes at a time.

    A process that dies costs only the picture that it was making. A new process takes its place; so
    it does after a picture for which the memory was not enough.

    Args:
        jobs: The jobs.
        workers: Number of processes. Each gets an equal share of the cores.
        on_record: Called with each record as it arrives, never twice at the same time.

    Returns:
        The records, in the order of the jobs.

    Raises:
        BatchInterrupted: on Ctrl-C, after every process has ended.
    """
    pool = _ProcessPool(jobs, on_record)
    threads = [
        threading.Thread(target=pool.serve, args=(_environment(workers),), daemon=True)
        for _ in range(min(workers, pool.pending()))
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            # With a timeout, because on Windows a join without one can't be interrupted.
            while thread.is_alive():
                thread.join(0.2)
    except KeyboardInterrupt:
        pool.stop()
        for thread in threads:
            thread.join()
        for job in jobs:
            remove_stale(job.output)
        raise BatchInterrupted(pool.records()) from None
    if pool.bug is not None:
        raise pool.bug
    return pool.records()


class _ProcessPool:
    """The pending jobs, the records so far, and the running processes.

    Attributes:
        bug: An exception in a thread that serves a process, to be raised in the main thread.
    """

    def __init__(self, jobs: Sequence[Job], on_record: Callable[[JobRecord], None]) -> None:
        self._pending: deque[tuple[int, Job]] = deque()
        self._records: dict[int, JobRecord] = {}
        self._on_record = on_record
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._stopped = False
        self.bug: Exception | None = None
        for number, job in enumerate(jobs):
            # Checked here and not in a worker, which takes seconds to load a framework.
            if is_done(job):
                self._add(number, JobRecord.skipped(job))
            else:
                self._pending.append((number, job))

    def pending(self) -> int:
        """Return the number of jobs that no process has begun."""
        return len(self._pending)

    def records(self) -> list[JobRecord]:
        """Return the records so far, in the order of the jobs."""
        with self._lock:
            return [self._records[number] for number in sorted(self._records)]

    def stop(self) -> None:
        """Begin no further job and end the processes."""
        with self._lock:
            self._stopped = True
            processes = list(self._processes)
        for process in processes:
            stop(process)

    def serve(self, environment: dict[str, str]) -> None:
        """Give jobs to one process, and to a new one if it dies, until no job is pending."""
        process: subprocess.Popen[bytes] | None = None
        try:
            while (item := self._next()) is not None:
                number, job = item
                process = process or self._start(environment)
                if process is None:
                    return
                record = _ask(process, job)
                if record is None:
                    status = _end(process)
                    if self._stopped or status == 130:
                        return
                    if status == OUT_OF_MEMORY:
                        # It ended after the job before, and has not begun this one.
                        process = None
                        self._give_back(number, job)
                        continue
                    record = JobRecord.failed(job, exit_reason(status))
                    process = None
                self._add(number, record)
        except Exception as error:
            self.bug = error
        finally:
            if process is not None:
                with suppress(OSError):
                    process.communicate()  # closes its input, which ends the process

    def _next(self) -> tuple[int, Job] | None:
        with self._lock:
            return None if self._stopped or not self._pending else self._pending.popleft()

    def _give_back(self, number: int, job: Job) -> None:
        with self._lock:
            self._pending.appendleft((number, job))

    def _start(self, environment: dict[str, str]) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopped:
                return None
            process = subprocess.Popen(
                # -P: never import from the working directory.
                [sys.executable, "-P", "-m", "nst_core.batch.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
            )
            self._processes.append(process)
            return process

    def _add(self, number: int, record: JobRecord) -> None:
        with self._lock:
            self._records[number] = record
            self._on_record(record)


def _ask(process: subprocess.Popen[bytes], job: Job) -> JobRecord | None:
    """Send a job to a process and return its record; None if the process died."""
    assert process.stdin is not None, "it was started with a pipe"
    assert process.stdout is not None, "it was started with a pipe"
    try:
        # Bytes, because JSON is UTF-8 whatever the locale's encoding is.
        process.stdin.write(job.model_dump_json().encode() + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except OSError:
        return None
    return JobRecord.model_validate_json(line) if line else None


def _end(process: subprocess.Popen[bytes]) -> int:
    """Wait until a process has ended, close its pipes and return its exit status."""
    with suppress(OSError):  # what was written to its input may never have been read
        process.communicate()
    return process.wait()


def _environment(workers: int) -> dict[str, str]:
    """Return the environment of a worker. Its share of the cores is set unless the user set it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    share = str(max(1, (cores or 1) // workers))
    return {"OMP_NUM_THREADS": share, **os.environ} if workers > 1 else dict(os.environ)
