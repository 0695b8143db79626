"""Lines to stdout and stderr, which may be closed: nobody reading is no reason to lose a run."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import IO, Any

import click

from nst_core.errors import NstError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def say(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print text; where the other end is closed, as by ``| head``, say nothing from now on.

    Args:
        text: A line, or several.
        nl: Whether the last one's end is to be added.
        err: Whether it goes to standard error.

    Raises:
        NstError: if standard output is a file that the disk has no room for. Whatever is wrong
            with standard error, there is nowhere to say it.
    """
    try:
        click.echo(text, nl=nl, err=err)
    except OSError as error:
        silence(sys.stderr if err else sys.stdout)
        if error.errno in _FULL and not err:
            raise NstError("can't write standard output: the disk is full") from error


def silence(stream: IO[Any] | None) -> None:
    """Send to nowhere what is written to ``stream``, and what Python still holds for it."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]  # None: never there
        os.close(nowhere)
