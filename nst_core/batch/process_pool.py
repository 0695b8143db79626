"""The engine ``local``: processes of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

from nst_core.batch.executor import ExecutorError, Listener, Resources, Task
from nst_core.batch.job import Job, JobRecord
from nst_core.system import cores
from nst_core.system.files import remove_stale
from nst_core.system.processes import exit_reason, stop
from nst_core.system.supervision import OUT_OF_MEMORY


def local_executor(resources: Resources) -> ProcessPool:
    """Return the engine ``local``.

    Raises:
        ExecutorError: one line: an address, or cores or GPUs per job, which it can't provide.
    """
    if resources.address is not None:
        raise ExecutorError("--on local takes no address; write --on local")
    if resources.cpus_per_job is not None or resources.gpus_per_job is not None:
        raise ExecutorError(
            "--cpus-per-job and --gpus-per-job need an engine that has machines to choose from: "
            "add --on ray, or leave them out"
        )
    return ProcessPool(workers=resources.slots or 1)


class ProcessPool:
    """Runs jobs in processes of this machine.

    A new process takes the place of one that dies, or in which the memory was not enough.

    A process that dies, for example because memory runs out, costs only the picture that it was
    making. A new process takes its place.

    Args:
        workers: Number of processes. Each gets an equal share of the cores.
    """

    def __init__(self, *, workers: int = 1) -> None:
        self._workers = workers

    def run(self, tasks: Iterator[Task], listener: Listener) -> None:
        """Run all jobs; see ``nst_core.batch.executor.Executor``."""
        pool = _Running(tasks, listener)
        threads = [
            threading.Thread(target=pool.serve, args=(_environment(self._workers),), daemon=True)
            for _ in range(self._workers)
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
            for job in pool.unfinished():
                remove_stale(job.output)
            raise
        if pool.error is not None:
            raise pool.error


class _Running:
    """The tasks, and the running processes.

    Attributes:
        error: An exception in a thread that serves a process, to be raised in the main thread.
    """

    def __init__(self, tasks: Iterator[Task], listener: Listener) -> None:
        self._tasks = tasks
        self._listener = listener
        self._begun: dict[int, Job] = {}
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self.error: Exception | None = None

    def unfinished(self) -> list[Job]:
        """Return the jobs that were begun and have no record."""
        return list(self._begun.values())

    def stop(self) -> None:
        """Begin no further job and end the processes."""
        self._stopped = True  # first, for the lock may be held while a task is looked for
        with self._lock:
            processes = list(self._processes)
        for process in processes:
            stop(process)

    def serve(self, environment: dict[str, str]) -> None:
        """Give jobs to one process, and to a new one if it dies, until there are no more."""
        process: subprocess.Popen[bytes] | None = None
        try:
            while (task := self._next()) is not None:
                record = None
                while record is None:
                    process = process or self._start(environment)
                    if process is None:
                        return
                    record = _ask(process, task.job)
                    if record is not None:
                        break
                    status = _wait(process)
                    if self._stopped or status == 130:
                        return
                    self._processes.discard(process)
                    process = None
                    # After a job that ran out of memory a process ends without beginning another.
                    if status != OUT_OF_MEMORY:
                        record = JobRecord.failed(task.job, exit_reason(status))
                self._end(task, record)
        except Exception as error:
            self._stopped, self.error = True, error
        finally:
            if process is not None:
                with suppress(OSError):
                    process.communicate()  # closes its input, which ends the process

    def _next(self) -> Task | None:
        with self._lock:
            task = None if self._stopped else next(self._tasks, None)
            if task is None or self._stopped:
                return None
            self._begun[task.number] = task.job
            self._listener.began(task)
            return task

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
            self._processes.add(process)
            return process

    def _end(self, task: Task, record: JobRecord) -> None:
        with self._lock:
            self._listener.ended(task, record)
            del self._begun[task.number]


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait until a process has ended, close its pipes and return its exit status."""
    with suppress(OSError):  # what was written to its input may never have been read
        process.communicate()
    return process.wait()


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


def _environment(workers: int) -> dict[str, str]:
    """Return the environment of a worker. Its share of the cores is set unless the user set it."""
    share = str(cores.share(workers))
    return {"OMP_NUM_THREADS": share, **os.environ} if workers > 1 else dict(os.environ)
