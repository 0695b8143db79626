"""Lines to stdout and stderr. Either may be closed; a run must not be lost because nobody reads."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import IO, Any

import click

from nst_core.errors import NstError
from nst_core.system.names import StrPath, display_path, printable

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def echo(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print lines for people: characters that can't be printed become escapes.

    Args:
        text: One or more lines.
        nl: Whether to add a newline at the end.
        err: Whether to print to standard error instead of standard output.

    Raises:
        NstError: as ``write``.
    """
    write(printable(text) + ("\n" if nl else ""), err=err)


def warn(line: str) -> None:
    """Print a warning on a line of standard error.

    Raises:
        NstError: as ``write``.
    """
    echo(f"nst: warning: {line}", err=True)


def echo_path(path: StrPath) -> None:
    """Print a path on a line of standard output; to a file or pipe exactly the bytes of its name.

    Raises:
        NstError: as ``write``.
    """
    if _on_terminal():
        echo(display_path(path))
    else:
        write(os.fsencode(path) + b"\n")


def echo_toml(text: str) -> None:
    """Print TOML; to a file or pipe in UTF-8, as TOML has to be, whatever the locale is.

    Raises:
        NstError: as ``write``.
    """
    if _on_terminal():
        echo(text, nl=False)
    else:
        write(text.encode())


def write(text: str | bytes, *, err: bool = False) -> None:
    r"""Write text as it is. If the reader has closed the stream, as ``| head``, write nothing more.

    A character that the stream's encoding doesn't have becomes an escape such as ``\xe9``.

    Args:
        text: What to write.
        err: Whether to write to standard error instead of standard output.

    Raises:
        NstError: if standard output is a file on a full disk. An error of standard error is
            ignored, because there is no other place to report it.
    """
    stream = sys.stderr if err else sys.stdout
    if isinstance(text, str) and stream is not None:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    if isinstance(text, bytes) and not hasattr(stream, "buffer"):  # a stream that holds only text
        text = text.decode("utf-8", "backslashreplace")
    try:
        click.echo(text, nl=False, err=err)
    except OSError as error:
        silence(sys.stderr if err else sys.stdout)
        if error.errno in _DISK_FULL and not err:
            raise NstError("can't write standard output: the disk is full") from error


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def silence(stream: IO[Any] | None) -> None:
    """Redirect ``stream`` to the null device, with everything that Python still buffers for it."""
    with suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())  # type: ignore[union-attr]  # None: no stream, nothing to do
        os.close(null)
