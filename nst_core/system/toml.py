"""Reading and writing TOML, with errors of one line."""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from nst_core.errors import SpecError
from nst_core.system.names import display_path

_MAX_BYTES = 16 << 20
"""The largest file that is read."""


def loads(text: str, *, origin: str) -> dict[str, Any]:
    """Parse TOML.

    Args:
        text: A TOML document.
        origin: Where the text comes from, for the error message, e.g. a file's name.

    Raises:
        SpecError: one line with ``origin`` and the place of the mistake.
    """
    try:
        return tomllib.loads(text)
    # A number of thousands of digits raises a ValueError that is not a TOMLDecodeError.
    except (ValueError, RecursionError) as error:
        line = str(error).partition("\n")[0] or "nested too deeply"
        raise SpecError(f"{origin}: not valid TOML: {line}") from None


def read(path: str | Path) -> dict[str, Any]:
    """Parse a TOML file, or a pipe such as the one that the shell makes for ``<(...)``.

    Raises:
        SpecError: one line: it can't be read, is larger than 16 MB, or is not TOML in UTF-8.
    """
    try:
        text = _read_bytes(path).decode("utf-8-sig")  # editors on Windows may write a BOM
    except UnicodeDecodeError:
        raise SpecError(f"{display_path(path)}: not a TOML file (it is not UTF-8 text)") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SpecError(f"{display_path(path)}: can't be read: {reason}") from None
    return loads(text, origin=display_path(path))


def _read_bytes(path: str | Path) -> bytes:
    """Return the content of a file or pipe, without a chance to wait for ever.

    A pipe that no process has open for writing is refused, and so are devices, which may be
    endless.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as stream:
        mode = os.fstat(stream.fileno()).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
            raise OSError(errno.EINVAL, "it is a device")
        if stat.S_ISFIFO(mode):
            os.set_blocking(stream.fileno(), True)
        content = stream.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise OSError(errno.EFBIG, f"it has more than {_MAX_BYTES >> 20} MB")
    if not content and stat.S_ISFIFO(mode):
        raise OSError(errno.EPIPE, "it is a pipe that nobody writes into")
    return content


def dumps(table: Mapping[str, Any]) -> str:
    r"""Return plain data as TOML; ``loads`` of the result returns equal data.

    Strings of several lines are written as such, so that people can read them. Only if the table
    holds a line ending of Windows (``\r\n``), every string is written in one line, with escapes:
    inside a string of several lines TOML reads ``\r\n`` as ``\n``.
    """
    text = tomli_w.dumps(table, multiline_strings=True)
    return text if tomllib.loads(text) == table else tomli_w.dumps(table)
