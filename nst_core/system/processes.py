"""What every command that works in processes of its own needs: an end for each, and its reason."""

from __future__ import annotations

import signal
import subprocess
from typing import Any

_PATIENCE = 10  # seconds that a process gets to end by itself


def stop(process: subprocess.Popen[Any]) -> None:
    """End a process and wait until it is gone; one that doesn't listen is killed."""
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def exit_reason(status: int) -> str:
    """Say how a process ended that left no line, by its exit status."""
    if status >= 0:
        return f"its process failed with exit status {status}; what it printed is above"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hint = "; the memory may not have been enough, try a smaller --size" if status == -9 else ""
    return f"its process was ended by {name}{hint}"
