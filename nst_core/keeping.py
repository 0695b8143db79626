"""Keeping checkpoints while a run goes on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nst_core import checkpoint, files
from nst_core.checkpoint import Checkpoint, CheckpointError
from nst_core.files import StrPath

EVERY = 100


def _warn(line: str) -> None:
    warnings.warn(line, RuntimeWarning, stacklevel=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Where a run keeps its checkpoints, and how often it writes one.

    Attributes:
        path: The file.
        every: Steps between two, counted over all stages; one more is written when a run is
            told to stop.
        options: Plain data that goes with them, for whoever resumes.
        warn: Told in one line when one could not be written: the run goes on, and the file that
            was there is still whole.
    """

    path: StrPath
    every: int = EVERY
    options: Mapping[str, Any] = field(default_factory=dict)
    warn: Callable[[str], None] = _warn

    def check(self) -> None:
        """Find out before a run whether checkpoints can be written.

        Raises:
            CheckpointError: if not.
            ValueError: if ``every`` is less than 1.
        """
        if self.every < 1:
            raise ValueError(f"every = {self.every}: should be 1 or more")
        files.check_writable(self.path, error=CheckpointError)

    def write(self, point: Checkpoint) -> None:
        """Write one."""
        try:
            checkpoint.write(point, self.path)
        except CheckpointError as error:
            self.warn(f"{error}; the run goes on without this checkpoint")
