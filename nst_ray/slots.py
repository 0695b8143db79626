"""A slot as the driver sees it."""

from __future__ import annotations

from typing import Any

from nst_core.batch.executor import Task

_MOST_STYLES = 16


class SlotHandle:
    """An actor, and the job that it runs.

    Args:
        actor: Ray's handle of the actor.

    Attributes:
        actor: The same.
        reference: Ray's reference to the answer that is awaited; None if none is.
        is_ready: Whether the actor has started.
        machine: The name of its machine, once it has started.
        task: The job that it runs.
        styles: The styles that it has painted, the latest last.
    """

    def __init__(self, actor: Any) -> None:
        self.actor = actor
        self.reference: Any = actor.hello.remote()
        self.is_ready = False
        self.machine = ""
        self.task: Task | None = None
        self.styles: list[str] = []

    @property
    def is_idle(self) -> bool:
        """Whether it could run a job."""
        return self.is_ready and self.task is None

    def is_there(self, machine: str) -> None:
        """Note that the actor has started."""
        self.is_ready, self.machine, self.reference = True, machine, None

    def start(self, task: Task) -> None:
        """Give it a job."""
        self.task = task
        self.reference = self.actor.run.remote(task.job.model_dump_json())
        style = task.job.style
        self.styles = [*(one for one in self.styles if one != style), style][-_MOST_STYLES:]

    def give_back(self) -> Task:
        """Return its job, which has ended in some way."""
        task, self.task, self.reference = self.task, None, None
        assert task is not None, "it has answered"
        return task
