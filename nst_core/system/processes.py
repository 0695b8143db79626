"""Child processes: how to end one, and why one ended."""

from __future__ import annotations

import signal
import subprocess
from typing import Any

from nst_core.system.supervision import allocations_can_fail

_TERMINATE_TIMEOUT = 10
"""Seconds that a process gets to end by itself before it is killed."""


def stop(process: subprocess.Popen[Any]) -> None:
    """Terminate a process and wait until it has ended; kill it if it is still there after 10 s."""
    process.terminate()
    try:
        process.wait(_TERMINATE_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def exit_reason(status: int) -> str:
    """Return as half a sentence how a process ended that wrote no error line of its own.

    Args:
        status: Its exit status; the negative number of a signal, as in ``Popen.returncode``.
    """
    if status >= 0:
        return f"its process failed with exit status {status}; what it printed is above"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    lacks_memory = status == -9 or allocations_can_fail()
    hint = "; the memory may not have been enough, try a smaller --size" if lacks_memory else ""
    return f"its process was ended by {name}{hint}"
