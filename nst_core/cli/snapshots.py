"""``--save-every``: numbered snapshots beside the output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from typing_extensions import override

from nst_core import images
from nst_core.errors import PictureError
from nst_core.run.observers import Observer, Plan, Step
from nst_core.system.files import display_path
from nst_core.terminal.streams import warn


class Snapshots(Observer):
    """Saves the image at regular steps, as ``NAME-00050.png`` beside the output.

    Args:
        path: The output.
        every: Steps between two snapshots, counted over all stages.
    """

    def __init__(self, path: Path, *, every: int) -> None:
        self._path = path
        self._every = every
        self._plan: Plan | None = None

    def check(self, *, inputs: Sequence[str]) -> None:
        """Find out before the run whether snapshots can be saved.

        Args:
            inputs: Files that are read.

        Raises:
            PictureError: one line: the numbered name is too long, or an input has such a name.
        """
        images.check_output(self._snapshot_path(99999))
        name = re.compile(f"{re.escape(self._path.stem)}-[0-9]{{5,}}{re.escape(self._path.suffix)}")
        for path in map(Path, inputs):
            if name.fullmatch(path.name) and path.parent.resolve() == self._path.parent.resolve():
                raise PictureError(
                    f"{display_path(path)} is an input and has the name of a snapshot of "
                    f"{display_path(self._path)}: name another output"
                )

    @override
    def started(self, plan: Plan) -> None:
        self._plan = plan  # it has the recipe that goes into every snapshot

    @override
    def stepped(self, step: Step) -> None:
        if self._plan is None or step.global_step % self._every:
            return
        path = self._snapshot_path(step.global_step)
        try:
            images.write(step.image, path, recipe=self._plan.recipe, finish=self._plan.finish)
        except PictureError as error:
            warn(f"{error}; the run goes on without this snapshot")

    def _snapshot_path(self, step: int) -> Path:
        return self._path.with_name(f"{self._path.stem}-{step:05d}{self._path.suffix}")
