"""Lines to stdout and stderr. Either may be closed; a run must not be lost because nobody reads."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import IO, Any

import click

from nst_core.errors import NstError

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def echo(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print text. If the reader has closed the stream, as ``| head`` does, print nothing more.

    Args:
        text: One or more lines.
        nl: Whether to add a newline at the end.
        err: Whether to print to standard error instead of standard output.

    Raises:
        NstError: if standard output is a file on a full disk. An error of standard error is
            ignored, because there is no other place to report it.
    """
    try:
        click.echo(text, nl=nl, err=err)
    except OSError as error:
        silence(sys.stderr if err else sys.stdout)
        if error.errno in _DISK_FULL and not err:
            raise NstError("can't write standard output: the disk is full") from error


def silence(stream: IO[Any] | None) -> None:
    """Redirect ``stream`` to the null device, with everything that Python still buffers for it."""
    with suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())  # type: ignore[union-attr]  # None: no stream, nothing to do
        os.close(null)
