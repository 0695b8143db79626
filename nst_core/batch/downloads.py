"""Local copies of the pictures that a job reads from an object store."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from nst_core.system import storage
from nst_core.system.storage import StorageError

_MOST_FILES = 32


class Download(NamedTuple):
    """A copy.

    Attributes:
        path: The local file.
        version: What the store calls the version that was copied; None if it has no name for it.
    """

    path: str
    version: str | None


class Downloads:
    """Copies pictures and keeps the most recent copies: a style is read once for all its jobs."""

    def __init__(self) -> None:
        self._directory: str | None = None
        self._kept: OrderedDict[str, Download] = OrderedDict()
        self._count = 0

    def get(self, url: str) -> Download:
        """Return a copy of an object as it is now.

        Raises:
            StorageError: one line.
        """
        found = storage.status(url)
        if found is None:
            # With the reason, which may be another than that it is not there.
            raise StorageError(f"can't read {url}: no such file; check the URL")
        kept = self._kept.get(url)
        if kept is None or kept.version is None or kept.version != found.version:
            self.drop(url)
            kept = self._kept[url] = Download(self._copy(url), found.version)
        self._kept.move_to_end(url)
        while len(self._kept) > _MOST_FILES:
            self.drop(next(iter(self._kept)))
        return kept

    def drop(self, url: str) -> None:
        """Remove the copy of an object, if there is one."""
        if (kept := self._kept.pop(url, None)) is not None:
            Path(kept.path).unlink(missing_ok=True)

    def _copy(self, url: str) -> str:
        if self._directory is None:
            self._directory = tempfile.mkdtemp(prefix="nst-")
            weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        self._count += 1
        # The extension is that of the picture; the rest of its name may be too long for a file.
        path = Path(self._directory, f"{self._count}{Path(url).suffix[:16]}")
        storage.fetch(url, path)
        return str(path)
