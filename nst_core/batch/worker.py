"""A process that does jobs: ``python -m nst_core.batch.worker``.

Reads jobs as JSON, one a line, and answers each with a line of JSON, its record, before it reads
the next. It ends with its input. Exit status 130: Ctrl-C.
"""

from __future__ import annotations

import sys
import traceback
import warnings

from nst_core.batch.doing import Workshop, do
from nst_core.batch.job import Job, Record


def main() -> int:
    """Do the jobs on stdin and return the exit status."""
    if not sys.warnoptions:
        # As in nst_core.cli: what libraries warn of is for programmers.
        warnings.simplefilter("ignore")
    answers = sys.stdout
    # What a library prints is no record.
    sys.stdout = sys.stderr
    workshop = Workshop()
    try:
        for line in sys.stdin:
            job = Job.model_validate_json(line)
            answers.write(_done(job, workshop).model_dump_json() + "\n")
            answers.flush()
    except KeyboardInterrupt:
        return 130
    return 0


def _done(job: Job, workshop: Workshop) -> Record:
    try:
        return do(job, workshop=workshop)
    except Exception as error:
        # A bug; the other pictures are not to suffer from it.
        traceback.print_exc()
        return Record.failed(job, f"{type(error).__name__}: {' '.join(str(error).split())}")


if __name__ == "__main__":
    sys.exit(main())
