"""Reading and writing TOML."""

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

_LARGEST = 16 << 20
"""Bytes of a file."""


def loads(text: str, *, origin: str) -> dict[str, Any]:
    """Parse TOML.

    Raises:
        SpecError: one line with ``origin`` (a file's name, say) and where the text is wrong.
    """
    try:
        return tomllib.loads(text)
    # A number of thousands of digits is a ValueError that is no TOMLDecodeError.
    except (ValueError, RecursionError) as error:
        line = str(error).partition("\n")[0] or "nested too deeply"
        raise SpecError(f"{origin}: not valid TOML: {line}") from None


def read(path: str | Path) -> dict[str, Any]:
    """Parse a TOML file; it may be a pipe, as of a shell's ``<(...)``.

    Raises:
        SpecError: if it can't be read or is not TOML in UTF-8.
    """
    try:
        text = _content(path).decode("utf-8-sig")  # Windows' editors begin with a mark
    except UnicodeDecodeError:
        raise SpecError(f"{path}: not a TOML file (it is not UTF-8 text)") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SpecError(f"{path}: can't be read: {reason}") from None
    return loads(text, origin=str(path))


def _content(path: str | Path) -> bytes:
    """Return a file's bytes; waits for no pipe that nobody has opened, and for no endless one."""
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as stream:
        kind = os.fstat(stream.fileno()).st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISFIFO(kind):
            raise OSError(errno.EINVAL, "it is a device")
        if stat.S_ISFIFO(kind):
            os.set_blocking(stream.fileno(), True)
        content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise OSError(errno.EFBIG, f"it has more than {_LARGEST >> 20} MB")
    if not content and stat.S_ISFIFO(kind):
        raise OSError(errno.EPIPE, "it is a pipe that nobody writes into")
    return content


def dumps(table: Mapping[str, Any]) -> str:
    """Write plain data as TOML; ``loads`` gives back the same."""
    text = tomli_w.dumps(table, multiline_strings=True)
    # Strings over several lines are for people. They can't hold Windows' line ends, which TOML
    # reads as plain ones there; escaped in a string of one line they survive.
    return text if tomllib.loads(text) == table else tomli_w.dumps(table)
