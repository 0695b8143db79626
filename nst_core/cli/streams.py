"""Lines to stdout and stderr, which may be closed: nobody reading is no reason to lose a run."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import IO, Any

import click


def say(line: str, *, err: bool = False) -> None:
    """Print a line; where the other end is closed, as by ``| head``, say nothing from now on."""
    try:
        click.echo(line, err=err)
    except OSError:
        silence(sys.stderr if err else sys.stdout)


def silence(stream: IO[Any] | None) -> None:
    """Send to nowhere what is written to ``stream``, and what Python still holds for it."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]  # None: never there
        os.close(nowhere)
