"""``--save-every``: the image now and then, beside the output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nst_core import images
from nst_core.cli.streams import say
from nst_core.errors import PictureError
from nst_core.run.observers import Observer, Plan, Step
from nst_core.system.files import display_path


class Snapshots(Observer):
    """Saves the image every so many steps, as ``NAME-00050.png`` beside the output."""

    def __init__(self, path: Path, *, every: int) -> None:
        self._path = path
        self._every = every
        self._plan: Plan | None = None

    def check(self, *, inputs: Sequence[str]) -> None:
        """Find out before the run what would fail in its middle.

        Raises:
            PictureError: one line: the numbered name is too long, or an input has one.
        """
        images.check_output(self._at(99999))
        name = re.compile(f"{re.escape(self._path.stem)}-[0-9]{{5,}}{re.escape(self._path.suffix)}")
        for path in map(Path, inputs):
            if name.fullmatch(path.name) and path.parent.resolve() == self._path.parent.resolve():
                raise PictureError(
                    f"{display_path(path)} is an input and has the name of a snapshot of "
                    f"{display_path(self._path)}: name another output"
                )

    def started(self, plan: Plan) -> None:
        """Keep the plan: snapshots carry its recipe as well."""
        self._plan = plan

    def stepped(self, step: Step) -> None:
        """Save a snapshot, if it is due; one that can't be saved does not cost the run."""
        if self._plan is None or step.global_step % self._every:
            return
        path = self._at(step.global_step)
        try:
            images.write(step.image, path, recipe=self._plan.recipe, finish=self._plan.finish)
        except PictureError as error:
            say(f"nst: warning: {error}; the run goes on without this snapshot", err=True)

    def _at(self, step: int) -> Path:
        return self._path.with_name(f"{self._path.stem}-{step:05d}{self._path.suffix}")
