"""Checksums of files."""

from __future__ import annotations

import hashlib
import stat
from functools import lru_cache
from pathlib import Path

from nst_core.system.names import StrPath


def file_checksum(path: StrPath) -> str | None:
    """Return the SHA-256 of a file's bytes in hexadecimal; None if it is no readable file.

    A file is read again only if its time, its size or the file itself has changed.
    """
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe could wait for ever
            return None
        version = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        return _checksum(str(path), (*version, status.st_ctime_ns))
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return None


@lru_cache(maxsize=4096)
def _checksum(path: str, _version: tuple[int, ...]) -> str:
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
