"""The checkpoint of a job: beside its output while the job runs, removed when the picture is made.

So a job that was interrupted goes on in another process, or on another machine that sees the same
files.
"""

from __future__ import annotations

import tempfile
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nst_core.batch.job import Job
from nst_core.errors import NstWarning
from nst_core.run import checkpoint
from nst_core.run.checkpoint import Checkpoint, CheckpointError, CheckpointWriter
from nst_core.system import storage
from nst_core.system.storage import StorageError

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
        with suppress(CheckpointError, StorageError):
            if not storage.is_url(self.path):
                return checkpoint.read(self.path)
            if storage.status(self.path) is not None:
                with tempfile.TemporaryDirectory(prefix="nst-") as directory:
                    copy = Path(directory, "checkpoint")
                    storage.fetch(self.path, copy)
                    return checkpoint.read(copy)
        return None

    def remove(self) -> None:
        """Remove the file, if it is there."""
        with suppress(OSError, StorageError):
            if storage.is_url(self.path):
                storage.remove(self.path)
            else:
                Path(self.path).unlink()


def _warn(line: str) -> None:
    warnings.warn(line, NstWarning, stacklevel=2)


def of(job: Job) -> JobCheckpoint | None:
    """Return a job's checkpoint; None if it keeps none."""
    if job.checkpoint_every is None:
        return None
    return JobCheckpoint(job.output + EXTENSION, job.checkpoint_every)
