"""Starts the child processes, one at a time, and turns their failures into one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nst_core.compare.record import Measurement
from nst_core.compare.task import ChildTask, RunTask
from nst_core.compare.variant import CommonSettings, Variant
from nst_core.errors import BackendError, NstError
from nst_core.system.processes import exit_reason, stop


def check_backend(name: str, *, device: str, directory: Path) -> None:
    """Find out in a child process whether a backend can be used on a device.

    A child process, because frameworks take memory and time, and two frameworks may not work in
    one process.

    Args:
        name: The backend's name.
        device: As ``nst run --device`` takes it.
        directory: A directory for temporary files.

    Raises:
        BackendError: one line that says why it can't be used.
    """
    try:
        _call(ChildTask(backend=name, device=device, failure=directory / "failure.txt"), directory)
    except NstError as error:
        raise BackendError(str(error)) from None


def run_variant(
    variant: Variant, settings: CommonSettings, *, directory: Path, common: Path | None
) -> Measurement:
    """Run a variant in a child process and leave its picture in ``directory``.

    Args:
        variant: The variant to run.
        settings: The settings that it shares with the others.
        directory: Where its files go.
        common: The file of the measurement whose end image is the common one; None if that is
            this variant's own.

    Raises:
        NstError: one line that starts with the variant's label.
    """
    task = ChildTask(
        backend=variant.backend,
        device=settings.run.device,
        failure=directory / "failure.txt",
        run=RunTask(variant=variant, settings=settings, directory=directory, common=common),
    )
    try:
        _call(task, directory)
    except NstError as error:
        raise type(error)(f"{variant.label}: {error}") from None
    return Measurement.load(directory / f"{variant.stem}.npz")


def _call(task: ChildTask, directory: Path) -> None:
    path = directory / "task.json"
    path.write_text(task.model_dump_json(), encoding="utf-8")
    # -P: never import from the working directory.
    command = [sys.executable, "-P", "-m", "nst_core.compare.child", str(path)]
    status = _wait(subprocess.Popen(command, stdin=subprocess.DEVNULL))
    if status == 130:
        raise KeyboardInterrupt
    if status == 2 and task.failure.exists():
        raise NstError(task.failure.read_text(encoding="utf-8"))
    if status != 0:
        raise NstError(exit_reason(status))


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process. If the wait is interrupted, end the process first."""
    try:
        return process.wait()
    except BaseException:
        stop(process)
        raise
