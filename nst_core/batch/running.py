"""Hands the jobs of a batch to processes, and collects their records."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from nst_core.batch.doing import is_done
from nst_core.batch.job import Job, Record
from nst_core.system.files import remove_stale
from nst_core.system.processes import exit_reason, stop


class Interrupted(KeyboardInterrupt):
    """A batch was interrupted by Ctrl-C; ``records`` are those of the jobs done by then."""

    def __init__(self, records: list[Record]) -> None:
        super().__init__("interrupted")
        self.records = records


def run(
    jobs: Sequence[Job], *, workers: int = 1, tell: Callable[[Record], None] = lambda _: None
) -> list[Record]:
    """Do all jobs in ``workers`` processes at a time.

    A process that dies, say for lack of memory, costs the picture that it was working at; another
    one takes its place.

    Args:
        jobs: What is to be done.
        workers: Processes, each of which gets its share of the cores.
        tell: Is told each record as it comes, one at a time.

    Returns:
        The records, in the order of the jobs.

    Raises:
        Interrupted: on Ctrl-C, after every process has ended.
    """
    batch = _Batch(jobs, tell)
    threads = [
        threading.Thread(target=batch.work, args=(_environment(workers),), daemon=True)
        for _ in range(min(workers, batch.left()))
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            # Not forever: on Windows a join that waits can't be interrupted.
            while thread.is_alive():
                thread.join(0.2)
    except KeyboardInterrupt:
        batch.end()
        for thread in threads:
            thread.join()
        for job in jobs:
            remove_stale(job.output)
        raise Interrupted(batch.records()) from None
    if batch.bug is not None:
        raise batch.bug
    return batch.records()


class _Batch:
    """The jobs that are left, the records that there are, and the processes that work."""

    def __init__(self, jobs: Sequence[Job], tell: Callable[[Record], None]) -> None:
        self._left: deque[tuple[int, Job]] = deque()
        self._found: dict[int, Record] = {}
        self._tell = tell
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[str]] = []
        self._ended = False
        self.bug: Exception | None = None
        for number, job in enumerate(jobs):
            # Here and not in a process, which takes seconds to load a framework.
            if is_done(job):
                self._keep(number, Record.skipped(job))
            else:
                self._left.append((number, job))

    def left(self) -> int:
        """Return how many jobs no process has begun."""
        return len(self._left)

    def records(self) -> list[Record]:
        """Return what there is, in the order of the jobs."""
        with self._lock:
            return [self._found[number] for number in sorted(self._found)]

    def end(self) -> None:
        """Let no further job begin, and end the processes."""
        with self._lock:
            self._ended = True
            processes = list(self._processes)
        for process in processes:
            stop(process)

    def work(self, environment: dict[str, str]) -> None:
        """Do jobs in one process after the other, until there are none left."""
        process: subprocess.Popen[str] | None = None
        try:
            while (job := self._next()) is not None:
                if process is None:
                    process = self._start(environment)
                    if process is None:
                        return
                answer = _ask(process, job[1])
                if answer is None:
                    process.communicate()  # waits for its end, and closes the pipes
                    status = process.returncode
                    if self._ended or status == 130:
                        return
                    answer = Record.failed(job[1], exit_reason(status))
                    process = None
                self._keep(job[0], answer)
        except Exception as error:
            self.bug = error
        finally:
            if process is not None:
                with suppress(OSError):
                    process.communicate()  # its input ends, and so does it

    def _next(self) -> tuple[int, Job] | None:
        with self._lock:
            return None if self._ended or not self._left else self._left.popleft()

    def _start(self, environment: dict[str, str]) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._ended:
                return None
            process = subprocess.Popen(
                # -P: the working directory is no place to import from.
                [sys.executable, "-P", "-m", "nst_core.batch.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env=environment,
            )
            self._processes.append(process)
            return process

    def _keep(self, number: int, record: Record) -> None:
        with self._lock:
            self._found[number] = record
            self._tell(record)


def _ask(process: subprocess.Popen[str], job: Job) -> Record | None:
    """Return a process's record of a job; None if it died over it."""
    assert process.stdin is not None, "it was started so"
    assert process.stdout is not None, "it was started so"
    try:
        process.stdin.write(job.model_dump_json() + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except OSError:
        return None
    return Record.model_validate_json(line) if line else None


def _environment(workers: int) -> dict[str, str]:
    """Return the environment of a worker: its share of the cores, unless the user has said."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    share = str(max(1, (cores or 1) // workers))
    return {"OMP_NUM_THREADS": share, **os.environ} if workers > 1 else dict(os.environ)
