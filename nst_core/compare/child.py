"""The process of one variant: ``python -m nst_core.compare.child TASK.json``.

Exit status 0: done. 2: an ``NstError``, whose line is in the task's ``failure`` file. 130: Ctrl-C.
Any other status is a bug in a backend, with a traceback on stderr.
"""

from __future__ import annotations

import sys
from pathlib import Path

from nst_core.backend import Backend, registry
from nst_core.compare.measure import measure
from nst_core.compare.record import Measurement
from nst_core.compare.task import ChildTask, RunTask
from nst_core.errors import NstError
from nst_core.run.prepared import PreparedRun
from nst_core.system import names
from nst_core.system.supervision import run_worker
from nst_core.system.warning_lines import show_only_nst_warnings
from nst_core.terminal.progress import progress_observers
from nst_core.terminal.streams import warn


def main() -> int:
    """Do the task that the command line names and return the exit status."""
    show_only_nst_warnings()
    task = ChildTask.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        backend = registry.load(task.backend)
        registry.choose_device(backend, task.device)
        if task.run is not None:
            _run(task.run, backend)
    except NstError as error:
        task.failure.write_text(names.as_unicode(str(error)), encoding="utf-8")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _run(task: RunTask, backend: Backend) -> None:
    settings, variant = task.settings, task.variant
    result, measurement = measure(
        backend,
        variant,
        settings,
        common_image=None if task.common is None else Measurement.load(task.common).image,
        observers=progress_observers(quiet=settings.quiet, every=settings.log_every),
        on_prepared=lambda prepared: _print_warnings(variant.label, prepared),
    )
    result.save(task.directory / f"{variant.stem}.png")
    measurement.save(task.directory / f"{variant.stem}.npz")


def _print_warnings(label: str, prepared: PreparedRun) -> None:
    for line in prepared.plan.warnings:
        warn(f"{label}: {line}")


if __name__ == "__main__":
    run_worker(main)
