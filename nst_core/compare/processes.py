"""Starts contestants' processes, one at a time, and turns their failures into one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nst_core.compare.job import Contestant, Job, Setting
from nst_core.compare.measurement import Measurement
from nst_core.errors import BackendError, NstError
from nst_core.system.processes import exit_reason, stop


def check_backend(name: str, *, device: str, directory: Path) -> None:
    """Find out in a process of its own whether a backend can be used on a device.

    Not in this process: frameworks take memory and time, and two of them may not like each other.

    Args:
        name: The backend's name.
        device: As ``nst run --device`` takes it.
        directory: For files that nobody needs afterwards.

    Raises:
        BackendError: one line that says why it can't be used.
    """
    failure = directory / "failure.txt"
    try:
        _call(Job(backend=name, device=device, failure=failure), directory)
    except NstError as error:
        raise BackendError(str(error)) from None


def run(
    contestant: Contestant, setting: Setting, *, directory: Path, common: Path | None
) -> Measurement:
    """Run a contestant; its picture stands in ``directory`` then.

    Args:
        contestant: Who runs.
        setting: On what.
        directory: Where its files go.
        common: The measurement whose end image is the common one; None for its own.

    Raises:
        NstError: one line that names the contestant.
    """
    job = Job(
        backend=contestant.backend,
        device=setting.device,
        failure=directory / "failure.txt",
        contestant=contestant,
        setting=setting,
        directory=directory,
        common=common,
    )
    try:
        _call(job, directory)
    except NstError as error:
        raise type(error)(f"{contestant.label}: {error}") from None
    return Measurement.load(directory / f"{contestant.stem}.npz")


def _call(job: Job, directory: Path) -> None:
    path = directory / "job.json"
    path.write_text(job.model_dump_json(), encoding="utf-8")
    # -P: the working directory is no place to import from.
    command = [sys.executable, "-P", "-m", "nst_core.compare.contestant", str(path)]
    status = _wait(subprocess.Popen(command, stdin=subprocess.DEVNULL))
    if status == 130:
        raise KeyboardInterrupt
    if status == 2 and job.failure.exists():
        raise NstError(job.failure.read_text(encoding="utf-8"))
    if status != 0:
        raise NstError(exit_reason(status))


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process and leave none behind, whatever happens here."""
    try:
        return process.wait()
    except BaseException:
        stop(process)
        raise
