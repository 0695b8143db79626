"""What is asked of Ray: what the cluster has, its actors, and why one was lost."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Any, NamedTuple

from nst_core.batch.executor import ExecutorError, Resources
from nst_ray.connection import connect
from nst_ray.slots import SlotHandle

_NODE_DIED = re.compile(r"node (has |is )?(died|dead)|NodeDied|node was terminated", re.IGNORECASE)
_DETAIL = re.compile(r"(?:Worker exit detail|The actor is dead because)\s*:?\s*(.+)", re.DOTALL)


class Loss(NamedTuple):
    """An actor was lost.

    Attributes:
        reason: Why; half a sentence.
        with_machine: Whether its machine has vanished, too.
    """

    reason: str
    with_machine: bool


class Cluster:
    """A connection to a cluster.

    Args:
        resources: What the user asks for.
        slot: The class of the actors.

    Attributes:
        slots: Number of slots.
    """

    def __init__(self, resources: Resources, slot: type) -> None:
        self._ray = connect(resources.address)
        from ray.exceptions import RayActorError, RayError, RayTaskError  # noqa: PLC0415

        self._actor_error, self._task_error, self._error = RayActorError, RayTaskError, RayError
        has = self._ray.cluster_resources()
        cpus = 1.0 if resources.cpus_per_job is None else resources.cpus_per_job
        gpus = resources.gpus_per_job
        if gpus is None:
            gpus = 1.0 if has.get("GPU", 0) else 0.0
        self.slots = resources.slots or _room(has, cpus=cpus, gpus=gpus)
        self._actor = self._ray.remote(
            num_cpus=cpus,
            num_gpus=gpus,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )(slot)

    def new_slot(self) -> SlotHandle:
        """Start an actor. It may take long, until there is a machine for it."""
        return SlotHandle(self._actor.remote())

    def end(self, slot: SlotHandle) -> None:
        """End an actor; nothing happens if it is gone."""
        with suppress(self._error, ValueError):
            self._ray.kill(slot.actor)

    def ready(self, references: Sequence[Any], *, seconds: float) -> list[Any]:
        """Return all answers that are there, or the first within ``seconds``."""
        references = list(references)
        first, rest = self._ray.wait(references, num_returns=1, timeout=seconds)
        if not rest:
            return list(first)
        more, _ = self._ray.wait(rest, num_returns=len(rest), timeout=0)
        return [*first, *more]

    def answer(self, reference: Any) -> str | Loss:
        """Return an actor's answer, or its loss.

        Raises:
            ExecutorError: one line: the cluster is gone.
        """
        try:
            return str(self._ray.get(reference))
        except self._actor_error as error:
            text = str(error)
            lost = bool(_NODE_DIED.search(text)) or bool(getattr(error, "preempted", False))
            return Loss(_short(text), lost)
        except self._task_error as error:  # in ``hello`` or ``run``, which catch what jobs raise
            return Loss(_short(str(error.cause)), with_machine=False)
        except self._error as error:
            raise ExecutorError(f"the cluster is gone: {_short(str(error))}") from error

    def checked_machine(self, hello: str) -> str:
        """Return the machine's name from the answer of ``Slot.hello``.

        Raises:
            ExecutorError: one line: another version of nst is installed there.
        """
        names = [node["NodeManagerHostname"] for node in self._ray.nodes() if node["Alive"]]
        return machine_name(hello, names)


def machine_name(hello: str, names: Sequence[str]) -> str:
    """Return the machine's name; with the node's id if several nodes have that name.

    Args:
        hello: The answer of ``Slot.hello``.
        names: The names of all nodes' machines.

    Raises:
        ExecutorError: one line: another version of nst is installed there.
    """
    found = json.loads(hello)
    if found["nst"] != version("nst"):
        raise ExecutorError(
            f"{found['machine']} has nst {found['nst']}, and this is {version('nst')}: "
            "install the same version on all machines"
        )
    machine = str(found["machine"])
    return machine if names.count(machine) <= 1 else f"{machine}/{found['node'][:6]}"


def _room(has: dict[str, float], *, cpus: float, gpus: float) -> int:
    """Return the number of jobs that a cluster has room for.

    Raises:
        ExecutorError: if that is none.
    """
    by_cpus = int(has.get("CPU", 0) / cpus)
    room = by_cpus if not gpus else min(by_cpus, int(has.get("GPU", 0) / gpus))
    if not room:
        raise ExecutorError(
            f"the cluster has {has.get('CPU', 0):g} CPUs and {has.get('GPU', 0):g} GPUs, and a job "
            f"takes {cpus:g} and {gpus:g}; if machines will join it, give --slots"
        )
    return room


def _short(text: str) -> str:
    """Return the last detail of one of Ray's long messages, in one line."""
    found = _DETAIL.search(text)
    line = " ".join((found[1] if found else text).split())
    return line[:200]
