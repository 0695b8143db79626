"""The engine: one actor per slot, and the loop that gives them jobs."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator

from nst_core.batch.executor import ExecutorError, Listener, Resources, Task
from nst_core.batch.job import JobRecord
from nst_core.errors import NstWarning
from nst_ray.cluster import Cluster, Loss
from nst_ray.queue import Attempts, Queue
from nst_ray.slot import Slot
from nst_ray.slots import SlotHandle

_LEAST_AHEAD = 64
_TICK = 1.0
_PATIENCE = 60.0
"""Seconds without any slot after which the user is told that the batch waits for machines."""


class RayExecutor:
    """Runs jobs on a cluster. See ``nst_core.batch.executor.Executor``.

    Args:
        resources: What the user asks for. By default a job takes one core, and one GPU if the
            cluster has any; and there are as many slots as the cluster has room for now.
        slot: The class of the actors.

    Raises:
        ExecutorError: one line: the cluster can't be reached, or has not what a job takes.
    """

    def __init__(self, resources: Resources, *, slot: type = Slot) -> None:
        self._cluster = Cluster(resources, slot)

    def run(self, tasks: Iterator[Task], listener: Listener) -> None:
        """Run all jobs; see ``nst_core.batch.executor.Executor``."""
        run = _Run(self._cluster, tasks, listener)
        try:
            while run.goes_on():
                run.wait()
        finally:
            run.end()


class _Run:
    """The slots and the jobs of one call of ``run``."""

    def __init__(self, cluster: Cluster, tasks: Iterator[Task], listener: Listener) -> None:
        self._cluster, self._listener = cluster, listener
        self._queue = Queue(tasks, ahead=max(_LEAST_AHEAD, 2 * cluster.slots))
        self._attempts = Attempts()
        self._slots = [cluster.new_slot() for _ in range(cluster.slots)]
        self._seen_ready = time.monotonic()
        self._failed_starts = 0

    def goes_on(self) -> bool:
        """Give a job to every slot that has none; return whether any job is left."""
        for slot in self._slots:
            if slot.is_idle and not self._give(slot):
                break
        return any(slot.task is not None for slot in self._slots) or self._is_waiting()

    def wait(self) -> None:
        """Wait until something has happened, or for a second, and handle what has."""
        by_reference = {slot.reference: slot for slot in self._slots if slot.reference is not None}
        for reference in self._cluster.ready(list(by_reference), seconds=_TICK):
            slot = by_reference[reference]
            answer = self._cluster.answer(reference)
            if slot.is_ready:
                self._handle_answer(slot, answer)
            else:
                self._handle_start(slot, answer)
        self._tell_if_nothing_is_there()

    def end(self) -> None:
        """End all slots."""
        for slot in self._slots:
            self._cluster.end(slot)

    def _give(self, slot: SlotHandle) -> bool:
        others = {style for one in self._slots if one is not slot for style in one.styles}
        task = self._queue.take(slot.styles, others)
        if task is None:
            return False
        slot.start(task)
        self._listener.began(task)
        return True

    def _is_waiting(self) -> bool:
        """Whether a job waits, though there is no slot for it now."""
        if any(slot.is_ready for slot in self._slots):
            return False  # an idle one has found none
        task = self._queue.take((), ())
        if task is not None:
            self._queue.put_back(task)
        return task is not None

    def _handle_start(self, slot: SlotHandle, answer: str | Loss) -> None:
        if isinstance(answer, str):
            self._failed_starts = 0
            slot.is_there(self._cluster.checked_machine(answer))
            return
        self._failed_starts += not answer.with_machine
        if self._failed_starts > 2 * len(self._slots) + 1:
            raise ExecutorError(f"no job can be started on the cluster: {answer.reason}")
        self._replace(slot)

    def _handle_answer(self, slot: SlotHandle, answer: str | Loss) -> None:
        task = slot.give_back()
        if isinstance(answer, str):
            record = JobRecord.model_validate_json(answer)
            if record.machine:
                record = record.model_copy(update={"machine": slot.machine})
            self._attempts.ended(task)
            self._listener.ended(task, record)
            return
        self._replace(slot)
        losses = self._attempts.lost(task, with_machine=answer.with_machine)
        if losses is None:
            self._queue.put_back(task)
            return
        what = "machine" if answer.with_machine else "worker"
        reason = f"it ended its {what} {losses} times; the last time: {answer.reason}"
        self._attempts.ended(task)
        self._listener.ended(task, JobRecord.failed(task.job, reason))

    def _replace(self, slot: SlotHandle) -> None:
        self._cluster.end(slot)
        self._slots[self._slots.index(slot)] = self._cluster.new_slot()

    def _tell_if_nothing_is_there(self) -> None:
        now = time.monotonic()
        if any(slot.is_ready for slot in self._slots):
            self._seen_ready = now
        elif now - self._seen_ready > _PATIENCE:
            self._seen_ready = now
            warnings.warn(
                "the batch waits for machines: the cluster has no room for a job now",
                NstWarning,
                stacklevel=2,
            )
