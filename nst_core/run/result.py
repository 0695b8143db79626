"""What a run made, whole or interrupted."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nst_core import images
from nst_core.arrays import Image
from nst_core.errors import NstError, PictureError
from nst_core.run.observers import Plan, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run made.

    Attributes:
        image: (H, W, 3), not clipped.
        plan: What was done, with the spec and the recipe.
        history: Losses over the steps.
        seconds: Wall-clock time of all stages.
        note: One line if the run ended before its time, though with a picture: its numbers went
            wrong, and ``image`` is the best one before. Otherwise empty.
    """

    image: Image
    plan: Plan
    history: Sequence[Row]
    seconds: float
    note: str = ""

    def save(self, path: str | Path) -> None:
        """Write the picture, in the format that the ending names, with its recipe inside.

        Raises:
            PictureError: if it can't be written; an older file of that name is then still whole.
        """
        images.write(self.image, path, recipe=self.plan.recipe, finish=self.plan.finish)

    def secure(self, path: str | Path) -> None:
        """Write the picture, or else save it in the directory for temporary files.

        Raises:
            PictureError: if it can't be written where it should be; one line that says where it is.
        """
        try:
            self.save(path)
        except PictureError as error:
            raise PictureError(f"{error}; {self._rescued(Path(path).name)}") from error

    def _rescued(self, name: str) -> str:
        try:
            spare = Path(tempfile.mkdtemp(prefix="nst-")) / name
            self.save(spare)
        except (NstError, OSError):
            return "and it could not be saved elsewhere either"
        return f"the picture was saved as {spare}"


class Interrupted(KeyboardInterrupt):
    """A run was interrupted by Ctrl-C; ``result`` is what it had reached by then."""

    def __init__(self, result: Result) -> None:
        super().__init__("interrupted")
        self.result = result
