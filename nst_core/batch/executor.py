"""The seam to engines that run jobs, and their registry: the entry point group ``nst.executors``.

An entry point names a function that takes ``Resources`` and returns an ``Executor``. Its name is
what ``nst batch --on`` takes. Only the engine that is named is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import NamedTuple, Protocol, cast

from nst_core.batch.job import Job, JobRecord
from nst_core.errors import NstError

GROUP = "nst.executors"
LOCAL = "local"


class ExecutorError(NstError):
    """An engine is unknown, not installed, not reachable, or can't do what was asked for."""


class Task(NamedTuple):
    """A job and its place in the batch.

    Attributes:
        number: The job's number in the batch, counted from 0.
        job: The job.
    """

    number: int
    job: Job


class Listener(Protocol):
    """What an executor tells while it runs. It calls from one thread at a time."""

    def began(self, task: Task) -> None:
        """A job has been given to a worker; called again if it is given to another one."""

    def ended(self, task: Task, record: JobRecord) -> None:
        """A job has ended; called once per job."""


class Executor(Protocol):
    """An engine that runs jobs."""

    def run(self, tasks: Iterator[Task], listener: Listener) -> None:
        """Run all jobs, each once.

        The executor takes a job from ``tasks`` when it has a worker for it, and not many before:
        ``tasks`` may be longer than the memory. A worker calls ``nst_core.batch.run_job``. A worker
        that dies costs at most the job that it was running, never the others.

        Args:
            tasks: The jobs. Taking the next one may take time.
            listener: Is told of the beginning and the end of every job.

        Raises:
            ExecutorError: one line: no job can be run any more.
            KeyboardInterrupt: on Ctrl-C, after all workers have ended.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the user asks of an engine; None: as the engine thinks best.

    Attributes:
        address: Where the engine is.
        slots: The number of jobs that run at the same time.
        cpus_per_job: The number of CPU cores of a job.
        gpus_per_job: The number of GPUs of a job; may be a fraction.
    """

    address: str | None = None
    slots: int | None = None
    cpus_per_job: float | None = None
    gpus_per_job: float | None = None


class ExecutorFactory(Protocol):
    """What an entry point of the group names."""

    def __call__(self, resources: Resources) -> Executor:
        """Return an engine that is ready to run jobs.

        Raises:
            ExecutorError: one line: it can't be reached, or ``resources`` can't be had.
        """


def parse(text: str) -> tuple[str, str | None]:
    """Return the name and the address of ``NAME`` or ``NAME:ADDRESS``."""
    name, _, address = text.partition(":")
    return name, address or None


def names() -> tuple[str, ...]:
    """Return the sorted names of all registered engines, installed or not."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load(name: str) -> ExecutorFactory:
    """Import and return one engine's factory.

    Raises:
        ExecutorError: one line: no such engine is registered, or its package is not installed.
    """
    points = tuple(entry_points(group=GROUP, name=name))
    if not points:
        raise ExecutorError(
            f"--on {name}: no such engine; known are {', '.join(names()) or 'none'}"
        )
    try:
        return cast(ExecutorFactory, points[0].load())
    except ModuleNotFoundError as error:
        package = points[0].module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] in {package, "nst_core"}:
            raise
        raise ExecutorError(
            f"--on {name} needs the package {error.name!r}, which is not installed: "
            f"pip install 'nst[{name}]'"
        ) from None
