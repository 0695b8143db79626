"""``Result``: what a run made, finished or interrupted."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nst_core import images
from nst_core.arrays import Image
from nst_core.errors import NstError, PictureError
from nst_core.run.observers import Plan, Row
from nst_core.system.names import display_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run made.

    Attributes:
        image: The image, (H, W, 3), not clipped.
        plan: What was done, with the spec and the recipe.
        history: The losses over the steps.
        seconds: The wall-clock time of all stages.
        note: One line if the run diverged or ran out of memory; ``image`` is then the best image
            before that. Otherwise empty.
        out_of_memory: Whether it ran out of memory.
    """

    image: Image
    plan: Plan
    history: Sequence[Row]
    seconds: float
    note: str = ""
    out_of_memory: bool = False

    def save(self, path: str | Path) -> None:
        """Write the picture, with its recipe inside, in the format of the file's extension.

        Raises:
            PictureError: if it can't be written. An older file of that name is then unchanged.
        """
        images.write(self.image, path, recipe=self.plan.recipe, finish=self.plan.finish)

    def save_with_fallback(self, path: str | Path) -> None:
        """Write the picture to ``path``; if that fails, to a directory for temporary files.

        Raises:
            PictureError: if it can't be written to ``path``; one line that says where it is.
        """
        try:
            self.save(path)
        except PictureError as error:
            raise PictureError(f"{error}; {self._save_elsewhere(Path(path).name)}") from error

    def _save_elsewhere(self, name: str) -> str:
        """Write the picture to a new temporary directory; return what happened."""
        try:
            path = Path(tempfile.mkdtemp(prefix="nst-")) / name
            self.save(path)
        except (NstError, OSError):
            return "and it could not be saved elsewhere either"
        return f"the picture was saved as {display_path(path)}"


class Interrupted(KeyboardInterrupt):
    """A run was interrupted, e.g. by Ctrl-C. ``result`` holds the image at that time."""

    def __init__(self, result: Result) -> None:
        super().__init__("interrupted")
        self.result = result
