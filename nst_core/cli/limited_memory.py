"""``nst run`` under a limit of memory: if its process dies, another one says so in one line."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from typing_extensions import override

from nst_core import images
from nst_core.errors import NstError, OutOfMemoryError
from nst_core.run import recovery
from nst_core.run.observers import Observer, Plan, Step
from nst_core.run.prepared import PreparedRun
from nst_core.system import memory, supervision
from nst_core.system.files import atomic_writer
from nst_core.system.supervision import Death


class StageNotes(Observer):
    """Notes, for the process that waits, which stage runs and what it says if that one dies.

    The picture of every finished stage is kept in a file, for the case that the next stage dies.

    Args:
        directory: Where the file of the picture goes.
        ending: The ending of its name, which sets its format.
    """

    def __init__(self, directory: Path, ending: str) -> None:
        self._path = directory / f"stage{ending}"
        self._rescued = ""
        self._plan: Plan | None = None
        self._advice: list[str] = []

    def in_child(self, picture: Path) -> None:
        """Go on in a child process; see ``nst_core.system.supervision.continue_in_child``.

        Args:
            picture: Where the picture of the last finished stage goes if a later stage dies.

        Raises:
            OutOfMemoryError: in this process, if the child dies.
            SystemExit: in this process, when the child has exited.
        """

        def on_death(death: Death) -> NoReturn:
            raise OutOfMemoryError(_line(death, picture))

        try:
            self._keep = supervision.continue_in_child(on_death)
        except BaseException:  # in the waiting process, at the end
            shutil.rmtree(self._path.parent, ignore_errors=True)
            raise

    def prepared(self, work: PreparedRun) -> None:
        """Note the first stage of a run."""
        now = memory.rss_mb()
        self._advice = [
            f"; {recovery.advice(work, number, rss_mb=now)}" for number in range(len(work.sizes))
        ]
        self._note(work.plan, 0)

    @override
    def started(self, plan: Plan) -> None:
        self._plan = plan

    @override
    def stepped(self, step: Step) -> None:
        if not step.last or step.stage >= len(self._advice) or self._plan is None:
            return
        with suppress(NstError):  # a full disk: then there is no picture of this stage
            images.write(step.image, self._path, recipe=self._plan.recipe, finish=self._plan.finish)
            self._rescued = str(self._path)
        self._note(self._plan, step.stage)

    def _note(self, plan: Plan, number: int) -> None:
        height, width = plan.sizes[number]
        self._keep(
            json.dumps(
                {
                    "stage": f"stage {number + 1}, {height}x{width}: ",
                    "advice": self._advice[number],
                    "rescued": self._rescued,
                }
            )
        )


def supervise(picture: Path) -> StageNotes | None:
    """Go on in a child process if the memory of this process is limited.

    Args:
        picture: The output.

    Returns:
        An observer of the run, in the child; None if the memory is not limited.

    Raises:
        OutOfMemoryError: in this process, if the child dies.
        SystemExit: in this process, when the child has exited.
    """
    if not supervision.allocations_can_fail():
        return None
    notes = StageNotes(Path(tempfile.mkdtemp(prefix="nst-")), picture.suffix)
    notes.in_child(picture)
    return notes


def _line(death: Death, picture: Path) -> str:
    """Return what the user is told, and put the picture in its place if there is one."""
    note = json.loads(death.note or "{}")
    text = (
        f"{note.get('stage', '')}the memory is not enough: the process was {death.reason}, which "
        "is how frameworks end if an allocation fails, and the memory of processes is limited here"
        f"{note.get('advice', '; try a smaller --size')}"
    )
    if not note.get("rescued"):
        return text
    try:
        with atomic_writer(picture) as temporary:
            shutil.copyfile(note["rescued"], temporary)
    except NstError as error:
        return f"{text}; the picture before can't be kept: {error}"
    return f"{text}; {recovery.BEST_IMAGE}: {picture}"
