"""A contestant's process: ``python -m nst_core.compare.contestant JOB.json``.

Exit status 0: done. 2: an ``NstError``, whose line is left in the job's ``failure`` file. 130:
Ctrl-C. Anything else is a bug in a backend, with its traceback on stderr.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from nst_core.backend import Backend, registry
from nst_core.compare.job import Job
from nst_core.compare.measurement import Measurement
from nst_core.compare.measuring import measure
from nst_core.errors import NstError


def main() -> int:
    """Do the job that the command line names and return the exit status."""
    if not sys.warnoptions:
        # As in nst_core.cli: what libraries warn of is for programmers.
        warnings.simplefilter("ignore")
    job = Job.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        backend = registry.load(job.backend)
        registry.choose_device(backend, job.device)
        if job.setting is not None:
            _run(job, backend)
    except NstError as error:
        job.failure.write_text(str(error), encoding="utf-8")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _run(job: Job, backend: Backend) -> None:
    # The progress of `nst run`; a process is a command line, unlike the rest of this room.
    from nst_core.cli.progress import progress_observer  # noqa: PLC0415

    assert job.contestant is not None, "a run has a contestant"
    assert job.setting is not None, "a run has a setting"
    assert job.directory is not None, "a run has a directory"
    observers = progress_observer(quiet=job.setting.quiet, every=job.setting.log_every)
    result, measurement = measure(
        backend,
        job.contestant,
        job.setting,
        common=None if job.common is None else Measurement.load(job.common).image,
        observers=observers,
    )
    result.save(job.directory / f"{job.contestant.stem}.png")
    measurement.save(job.directory / f"{job.contestant.stem}.npz")


if __name__ == "__main__":
    sys.exit(main())
