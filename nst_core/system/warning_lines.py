"""Warnings of nst as lines on standard error, and no warnings of libraries."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nst_core.errors import NstWarning


def show_only_nst_warnings(show: Callable[[str], None] | None = None) -> None:
    """From now on, show each warning of nst once as one line, and hide those of libraries.

    Libraries warn programmers, for example Pillow about odd EXIF data. Nothing changes if Python
    was told by ``-W`` or ``PYTHONWARNINGS`` which warnings to show.

    Args:
        show: Called with each line, ``nst: warning: ...``; None: it is written to standard error.
    """
    if sys.warnoptions:
        return
    warnings.simplefilter("ignore")
    warnings.filterwarnings("always", category=NstWarning)
    shown: set[str] = set()
    libraries = warnings.showwarning

    def showwarning(
        message: Warning | str, category: type[Warning], *place: Any, **more: Any
    ) -> None:
        if not issubclass(category, NstWarning):
            libraries(message, category, *place, **more)
            return
        line = f"nst: warning: {' '.join(str(message).split())}"
        if line not in shown:
            # A batch reads the same style once per job.
            shown.add(line)
            (show or _print)(line)

    warnings.showwarning = showwarning


def _print(line: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
