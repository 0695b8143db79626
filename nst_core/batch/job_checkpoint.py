"""The checkpoint of a job: beside its output while the job runs, removed when the picture is made.

So a job that was interrupted goes on in another process, or on another machine that sees the same
files.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nst_core.batch.job import Job
from nst_core.errors import NstWarning
from nst_core.run import checkpoint
from nst_core.run.checkpoint import Checkpoint, CheckpointError, CheckpointWriter

EXTENSION = ".checkpoint"


@dataclass(frozen=True, slots=True)
class JobCheckpoint:
    """Where a job's checkpoint is, and how often it is written.

    Attributes:
        path: The file, ``OUTPUT.checkpoint``.
        every: Steps between two checkpoints.
    """

    path: str
    every: int

    def writer(self) -> CheckpointWriter:
        """Return what writes the checkpoints."""
        return CheckpointWriter(path=self.path, every=self.every, warn=_warn)

    def read(self) -> Checkpoint | None:
        """Return the checkpoint; None if there is none, or none that can be read."""
        with suppress(CheckpointError):
            return checkpoint.read(self.path)
        return None

    def remove(self) -> None:
        """Remove the file, if it is there."""
        with suppress(OSError):
            Path(self.path).unlink()


def _warn(line: str) -> None:
    warnings.warn(line, NstWarning, stacklevel=2)


def of(job: Job) -> JobCheckpoint | None:
    """Return a job's checkpoint; None if it keeps none."""
    if job.checkpoint_every is None:
        return None
    return JobCheckpoint(job.output + EXTENSION, job.checkpoint_every)
