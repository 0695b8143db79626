"""Temporary files beside the file that they will replace, and removal of those that were left.

This is our own code because no maintained library removes the temporary files of a process that
was killed by SIGKILL.

The writer of a temporary file locks it until the process ends; the kernel releases the lock even
after SIGKILL. So if the lock of a file can be taken, its writer is dead. This holds if the writer
ran on another machine or in another container. A process id in the name would not tell as much,
since another process may have the same id by now, and neither would the file's age. Where files
can't be locked (Windows, some network file systems), no file is ever removed.
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

_MAX_EXTENSION_BYTES = 16


@contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """Yield a new, empty, locked file in the directory of ``target``, with the same extension.

    Its mode bits are those of any new file. It has to be written in place: a file that replaces it
    would not be locked. It is removed when the block ends, unless it was renamed.

    Raises:
        OSError: if the file can't be created.
    """
    path, descriptor = _create(target)
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink()
        if descriptor is not None:
            os.close(descriptor)


def remove_stale(target: Path) -> None:
    """Remove the temporary files of ``target`` whose writers are dead; errors are ignored."""
    if fcntl is None:
        return
    with suppress(OSError):
        # scandir, not a glob pattern: the name of ``target`` may contain pattern characters.
        for entry in os.scandir(target.parent):
            if entry.name.startswith(_prefix(target)) and entry.is_file(follow_symlinks=False):
                _remove_if_unlocked(entry.path)


def claim(target: Path) -> int | None:
    """Claim a file that is going to be written; no other process can, until this one ends.

    A claim is a locked file of a fixed name beside ``target``. ``remove_stale`` leaves it alone
    while its process lives.

    Returns:
        What ``release`` takes; None if a process that is alive has the claim. Where files can't be
        locked, every claim succeeds.

    Raises:
        OSError: if the file can't be created.
    """
    while True:
        descriptor = os.open(_claim_path(target), os.O_CREAT | os.O_RDWR, 0o666)
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:  # a file system without locks
            return descriptor
        # Another process may have removed the file before it was locked here.
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def release(target: Path, descriptor: int) -> None:
    """Give back the claim that ``claim`` returned."""
    with suppress(OSError):
        _claim_path(target).unlink()
    os.close(descriptor)


def _claim_path(target: Path) -> Path:
    return target.with_name(f"{_prefix(target)}claim")


def _create(target: Path) -> tuple[Path, int | None]:
    """Return a new file, and the descriptor that holds its lock; None where locks don't exist."""
    # The prefix is a hash of the name, not the name: that may be as long as the file system allows,
    # and so may the extension.
    extension = target.suffix
    if len(os.fsencode(extension)) > _MAX_EXTENSION_BYTES:
        extension = ""
    while True:
        path = target.with_name(f"{_prefix(target)}{secrets.token_hex(8)}{extension}")
        # os.open, not tempfile, which sets the mode 0600 whatever the umask is. To read the umask,
        # one has to change it for a moment, for all threads. With os.open the kernel applies it.
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        if fcntl is None:
            os.close(descriptor)
            return path, None
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Another process may have removed the file as stale before it was locked here.
        if os.fstat(descriptor).st_nlink:
            return path, descriptor
        os.close(descriptor)


def _prefix(target: Path) -> str:
    """Return how the names of all temporary files of ``target`` begin."""
    return f".nst-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]}-"


def _remove_if_unlocked(path: str) -> None:
    # OSError: the writer is alive and holds the lock, or the file was renamed to the target.
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            Path(path).unlink()
        finally:
            os.close(descriptor)
