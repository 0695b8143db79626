"""Pictures to take away, with their recipes inside."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from nst_core.errors import PictureError
from nst_core.studio import painting_files, picture_tasks
from nst_core.studio.job import MASTER, PICTURE
from nst_core.studio.library import Library
from nst_core.studio.records import Painting
from nst_core.studio.store import Store

_JPEG = "painting.jpg"


class Downloads:
    """Finds or writes the files.

    Args:
        store: Where the paintings are.
        library: Has the process for pictures.
    """

    def __init__(self, store: Store, library: Library) -> None:
        self._store, self._library = store, library

    async def file(self, painting: Painting, form: str) -> tuple[Path, str]:
        """Return a file and the name to save it under.

        Args:
            painting: The painting.
            form: ``png``, ``tif`` (16 bits per channel) or ``jpg``.

        Raises:
            PictureError: if there is no picture yet, or no such form.
        """
        directory = self._store.painting_directory(painting)
        names = {"png": PICTURE, "tif": MASTER, "jpg": _JPEG}
        if form not in names:
            raise PictureError("there is png, tif and jpg")
        source, path = directory / PICTURE, directory / names[form]
        if not source.exists() or painting.state in ("running", "interrupted"):
            raise PictureError("there is no finished picture yet: stop the painting, or wait")
        if form == "jpg" and not _is_newer(path, source):
            await self._library.run(picture_tasks.write_jpeg, source, path)
        if not path.exists():
            raise PictureError("this picture is there as png only")
        return path, f"{_plain(painting.title)}-{painting.step}.{form}"

    async def prepare_snapshot(self, painting: Painting, step: int) -> None:
        """Write the picture of a snapshot, if there is one that has not been written yet.

        Raises:
            NstError: if it can't be written.
        """
        directory = self._store.painting_directory(painting)
        known = step in [snapshot.step for snapshot in painting.snapshots]
        target = painting_files.unwritten_snapshot(directory, step) if known else None
        if target is not None:
            root = self._store.directory
            await self._library.run(picture_tasks.write_snapshot, target, painting.run, root)

    async def recipe(self, painting: Painting) -> str | None:
        """Return the recipe inside a painting; None if there is no picture."""
        path = self._store.painting_directory(painting) / PICTURE
        if not path.exists():
            return None
        return await self._library.run(picture_tasks.read_recipe, path)


def _is_newer(path: Path, source: Path) -> bool:
    return path.exists() and path.stat().st_mtime_ns >= source.stat().st_mtime_ns


def _plain(title: str) -> str:
    ascii_ = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", ascii_).strip("-").lower()[:60] or "painting"
