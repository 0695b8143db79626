"""Writing files atomically: paths, and URLs of object stores (``nst_core.system.storage``).

Libraries for atomic writing exist; this is our own code because of what happens after SIGKILL: see
``nst_core.system.temporary``.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nst_core.errors import NstError
from nst_core.system import lease, storage, temporary
from nst_core.system.names import StrPath, display_path

__all__ = [
    "FileError",
    "StrPath",
    "atomic_writer",
    "check_writable",
    "claimed",
    "display_path",
    "ensure_directory",
    "join",
    "remove_stale",
]


class FileError(NstError):
    """A file can't be written."""


@contextmanager
def atomic_writer(path: StrPath, *, error: type[NstError] = FileError) -> Iterator[Path]:
    """Yield a temporary file, and replace ``path`` by it when the block ends without an error.

    A reader of ``path`` sees the old content or the new content, never a part of it. If the block
    raises, even by Ctrl-C, the temporary file is removed and ``path`` stays as it was. The mode
    bits are those of the replaced file; a new file gets those that the umask allows. If ``path``
    is a symbolic link, its target is replaced and the link stays.

    The object of a URL is replaced by one upload, which a store makes visible when it is complete.

    Args:
        path: The file to write or replace.
        error: The type that an ``OSError`` is turned into, e.g. ``PictureError`` for a picture.

    Yields:
        The path of an empty file in the target's directory (for a URL: in one for temporary files)
        and with its extension. The
        block may open it in any way, but must not replace it (see ``nst_core.system.temporary``).
        If the block writes nothing, ``path`` becomes an empty file.

    Raises:
        NstError: of type ``error``, one line: the file can't be written. Errors from the block
            that are not an ``OSError`` pass through unchanged.
    """
    with _as_error(path, error):
        if storage.is_url(path):
            with storage.uploaded(str(path)) as file:
                yield file
            return
        target = _target(path)
        with temporary.temporary_beside(target) as file:
            mode = stat.S_IMODE((target if target.exists() else file).stat().st_mode)
            yield file
            _fsync(file, mode)
            file.replace(target)


def check_writable(path: StrPath, *, error: type[NstError] = FileError) -> None:
    """Check, before a long run, that ``atomic_writer`` will be able to write ``path``.

    Permission bits are not enough to know this (root, read-only mounts, access lists, quotas).
    Therefore a file is created beside the target and removed again. The target itself is not
    touched. Temporary files of the same target that a killed process left are removed, so running
    a command again cleans up after the run that was killed.

    Args:
        path: The file to be written or replaced.
        error: The type that an ``OSError`` is turned into.

    Raises:
        NstError: of type ``error``, one line: the directory is missing or not writable, or
            ``path`` is a directory, a device or a write-protected file.
    """
    with _as_error(path, error):
        if storage.is_url(path):
            storage.check_writable(str(path))
            return
        target = _target(path)
        temporary.remove_stale(target)
        with temporary.temporary_beside(target):
            pass


def remove_stale(path: StrPath) -> None:
    """Remove the temporary files of ``path`` that killed processes left; errors are ignored."""
    if storage.is_url(path):  # an object is never there in part
        return
    with suppress(OSError):
        temporary.remove_stale(_target(path))


@contextmanager
def claimed(path: StrPath, *, owner: str = "") -> Iterator[bool]:
    """Claim a file that the block is going to write, so that no other process makes it as well.

    The claim ends with the block or with the process, even by SIGKILL.

    Args:
        path: The file to be written.
        owner: On an object store, a claim of the same owner is taken over at once; otherwise it is
            free a minute after its process has ended.

    Yields:
        Whether the claim was free.

    Raises:
        FileError: one line: the directory is missing or not writable.
    """
    if storage.is_url(path):
        with lease.leased(str(path), owner=owner) as is_free:
            yield is_free
        return
    with _as_error(path, FileError):
        target = _target(path)
        descriptor = temporary.claim(target)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            temporary.release(target, descriptor)


def ensure_directory(path: StrPath) -> None:
    """Create a directory and its parents; nothing is done if it exists.

    On an object store, where there are no directories, it is checked that one can write there.

    Raises:
        FileError: one line: ``path`` is a file, or the directory can't be created.
    """
    with _as_error(path, FileError):
        if storage.is_url(path):
            storage.probe(str(path))
            return
        if Path(path).exists() and not Path(path).is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "it is not a directory; name another")
        Path(path).mkdir(parents=True, exist_ok=True)


def join(directory: StrPath, *names: str) -> str:
    """Return the path of a file below a directory."""
    if storage.is_url(directory):
        return storage.join(str(directory), *names)
    return str(Path(directory, *names))


def _target(path: StrPath) -> Path:
    """Return the file that ``path`` refers to, with links resolved.

    Raises:
        OSError: the file may not be replaced.
    """
    # An empty path would resolve to the working directory, and the message would name that.
    if not os.fspath(path):
        raise FileNotFoundError(errno.ENOENT, "the path is empty; name a file")
    try:
        target = Path(path).resolve()
    # ValueError: a NUL in the path. RuntimeError: a loop of symbolic links, before Python 3.13.
    # Later versions resolve such a path without an error; ``lstat`` below finds a link, not a file.
    except (ValueError, RuntimeError) as cause:
        raise OSError(errno.EINVAL, "it is not a usable path; name another") from cause
    if not target.parent.is_dir():
        reason = f"there is no directory {display_path(target.parent)}; create it first"
        raise FileNotFoundError(errno.ENOENT, reason)
    with suppress(FileNotFoundError):
        mode = target.lstat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "it is a directory; name a file")
        # Replacing a device such as /dev/null by a file would harm the whole machine.
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is not an ordinary file; name another")
        # The system would only ask for permission in the directory. We respect the file's as well.
        if not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise PermissionError(errno.EACCES, "it is write-protected; name another file")
    return target


def _fsync(file: Path, mode: int) -> None:
    """Write the content to the disk and set the mode bits: both before the file is renamed."""
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())
    if stat.S_IMODE(file.stat().st_mode) != mode:
        file.chmod(mode)


@contextmanager
def _as_error(path: StrPath, error: type[NstError]) -> Iterator[None]:
    """Turn an ``OSError`` of the block into ``error`` with one line that names ``path``."""
    try:
        yield
    except storage.StorageError as cause:
        raise error(str(cause)) from cause
    except OSError as cause:
        raise error(f"can't write {display_path(path)}: {_reason(path, cause)}") from cause


def _reason(path: StrPath, cause: OSError) -> str:
    """Return in one line what the operating system refused, and what to do."""
    text = " ".join((cause.strerror or str(cause) or type(cause).__name__).split())
    if cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space"
    if cause.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and text == os.strerror(cause.errno):
        return f"no permission in {display_path(Path(path).parent)}; write to another directory"
    return text if ";" in text else f"{text}; write to another path"
