"""Temporary files beside the file whose place they take, and what killed processes left of theirs.

Whoever writes one keeps it locked for as long as the process lives, and the kernel lets go of a
lock even after SIGKILL. So one that can be locked is nobody's any more, on whatever machine or in
whatever container its writer was; no process id, which may be another's by now, and no age says as
much. Where files can't be locked (Windows, some network file systems), none is ever removed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_LONGEST_ENDING = 16


@contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """Lend a new, empty, locked file in the target's directory, with the target's ending.

    Its mode is that of any new file. It has to be written in place: a file that replaces it is not
    locked. When the block ends it is removed, unless it was moved away.

    Raises:
        OSError: if there can't be one.
    """
    path, descriptor = _created(target)
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink()
        if descriptor is not None:
            os.close(descriptor)


def remove_stale(target: Path) -> None:
    """Remove the temporary files of ``target`` whose writers are dead."""
    if fcntl is None:
        return
    with suppress(OSError):
        # The directory's own listing, not a pattern, in which the path's own letters might count.
        for entry in os.scandir(target.parent):
            if entry.name.startswith(_beginning(target)) and entry.is_file(follow_symlinks=False):
                _remove_if_dead(entry.path)


def _created(target: Path) -> tuple[Path, int | None]:
    """Return a new file, and the descriptor that holds its lock, if files can be locked."""
    # A few letters of the name would do for people, but a name may be as long as any can be.
    ending = target.suffix if len(os.fsencode(target.suffix)) <= _LONGEST_ENDING else ""
    while True:
        path = target.with_name(f"{_beginning(target)}{secrets.token_hex(8)}{ending}")
        # Not by tempfile, which gives 0600 whatever the umask; and to ask for the umask is to
        # change it for a moment, for all threads. Here the kernel applies it.
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        if fcntl is None:
            os.close(descriptor)
            return path, None
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Another process may have swept it away in the moment before it was locked.
        if os.fstat(descriptor).st_nlink:
            return path, descriptor
        os.close(descriptor)


def _beginning(target: Path) -> str:
    return f".nst-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]}-"


def _remove_if_dead(path: str) -> None:
    with suppress(OSError):  # it lives, or has become the target meanwhile
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            Path(path).unlink()
        finally:
            os.close(descriptor)
