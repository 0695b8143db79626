"""Files that appear whole or not at all, and paths in one-line messages."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from nst_core.errors import NstError
from nst_core.system import temporary

StrPath: TypeAlias = str | os.PathLike[str]


class FileError(NstError):
    """A file can't be written."""


def display_path(path: StrPath) -> str:
    """Return ``path`` as one printable line for a message; quoted only where it has to be."""
    text = os.fspath(path)
    return text if text.isprintable() and text.strip() else repr(text)


def as_unicode(path: str) -> str:
    """Return ``path`` as Unicode text, whatever bytes its name holds, for what is written as UTF-8.

    Where the name is UTF-8, though the locale is not, it comes out as it is; other bytes come out
    as an escape, by which a person still knows the file.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@contextmanager
def atomic_writer(path: StrPath, *, error: type[NstError] = FileError) -> Iterator[Path]:
    """Lend a temporary file beside ``path`` that takes its place when the block ends well.

    Whoever reads ``path`` sees the old content or the new, never a half. If the block raises,
    even by Ctrl-C, the temporary file is removed and ``path`` is as it was. The mode bits are
    those of the file replaced, or of any new file under the umask; a symbolic link is written
    through to its target.

    Args:
        path: The file to write or replace.
        error: What an ``OSError`` becomes; a command that writes pictures says ``PictureError``.

    Yields:
        The path of an empty file in the same directory and with the same ending as the target,
        to be opened by the block in any way it likes, but not replaced (see
        ``nst_core.system.temporary``). A block that writes nothing leaves an empty file.

    Raises:
        NstError: of type ``error``, one line, where the file can't be written. Errors from the
            block that are not an ``OSError`` pass through unchanged.
    """
    with _blaming(path, error):
        target = _target(path)
        with temporary.temporary_beside(target) as file:
            mode = stat.S_IMODE((target if target.exists() else file).stat().st_mode)
            yield file
            _settle(file, mode)
            file.replace(target)


def check_writable(path: StrPath, *, error: type[NstError] = FileError) -> None:
    """Find out before a long run whether ``atomic_writer`` will be able to write ``path``.

    Permission bits alone say too little (root, read-only mounts, access lists, quotas), so a
    file is created beside the target and removed again. The target itself is not touched. What a
    killed process has left of the same target is removed: so a run that is begun again tidies up.

    Raises:
        NstError: of type ``error``, one line: the directory is missing or can't be written in,
            or ``path`` is a directory, a device or a write-protected file.
    """
    with _blaming(path, error):
        target = _target(path)
        temporary.remove_stale(target)
        with temporary.temporary_beside(target):
            pass


def remove_stale(path: StrPath) -> None:
    """Remove what killed processes have left beside ``path``, if that can be done."""
    with suppress(OSError):
        temporary.remove_stale(_target(path))


def ensure_directory(path: StrPath) -> None:
    """Make a directory, and those above it, unless it is there.

    Raises:
        FileError: one line: it is a file, or can't be made.
    """
    with _blaming(path, FileError):
        if Path(path).exists() and not Path(path).is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "it is not a directory; name another")
        Path(path).mkdir(parents=True, exist_ok=True)


def _target(path: StrPath) -> Path:
    """Return the file that ``path`` means, links followed, if it may be replaced."""
    # An empty path would resolve to the working directory and blame that.
    if not os.fspath(path):
        raise FileNotFoundError(errno.ENOENT, "the path is empty; name a file")
    try:
        target = Path(path).resolve()
    # A NUL in the path; until Python 3.12 a loop of symbolic links, which later shows below.
    except (ValueError, RuntimeError) as cause:
        raise OSError(errno.EINVAL, "it is no usable path; name another") from cause
    if not target.parent.is_dir():
        reason = f"there is no directory {display_path(target.parent)}; create it first"
        raise FileNotFoundError(errno.ENOENT, reason)
    with suppress(FileNotFoundError):
        mode = target.lstat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "it is a directory; name a file")
        # Replacing, say, /dev/null by a file would harm the whole machine.
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is not an ordinary file; name another")
        # A replacement only needs the directory's permission; the file's own counts as well.
        if not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise PermissionError(errno.EACCES, "it is write-protected; name another file")
    return target


def _settle(file: Path, mode: int) -> None:
    """Bring content and mode bits to the disk, so that the rename can't overtake them."""
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())
    if stat.S_IMODE(file.stat().st_mode) != mode:
        file.chmod(mode)


@contextmanager
def _blaming(path: StrPath, error: type[NstError]) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise error(f"can't write {display_path(path)}: {_reason(path, cause)}") from cause


def _reason(path: StrPath, cause: OSError) -> str:
    """Say in one line what the operating system refused, and what to do."""
    text = " ".join((cause.strerror or str(cause) or type(cause).__name__).split())
    if cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space"
    if cause.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and text == os.strerror(cause.errno):
        return f"no permission in {display_path(Path(path).parent)}; write to another directory"
    return text if ";" in text else f"{text}; write to another path"
