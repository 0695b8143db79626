"""How a run is controlled from outside: where it stops, resumes and writes checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nst_core.run.checkpoint import Checkpoint, CheckpointWriter


def _never_stop() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunControl:
    """Where a run stops, resumes and writes checkpoints.

    Attributes:
        checkpoints: Writes the checkpoints; None for none.
        resume: The checkpoint to resume from; None to begin at the first stage.
        stop: Called after every step. The run stops when it returns True.
    """

    checkpoints: CheckpointWriter | None = None
    resume: Checkpoint | None = None
    stop: Callable[[], bool] = _never_stop


NO_CHECKPOINTS = RunControl()
"""Begins at the first stage, writes no checkpoints and stops at the end."""
