"""A process that runs jobs: ``python -m nst_core.batch.worker``.

It reads jobs as JSON in UTF-8 from stdin, one per line, and answers each with one line of JSON, the
job's record, before it reads the next. It ends when its input ends, or after a job that ran out of
memory, with status 75: another process should run the next job. Exit status 130: Ctrl-C.
"""

from __future__ import annotations

import sys
import traceback

from nst_core.batch.job import Job, JobRecord
from nst_core.batch.job_runner import SharedResources, run_job
from nst_core.system.supervision import OUT_OF_MEMORY, run_worker
from nst_core.system.warning_lines import show_only_nst_warnings


def main() -> int:
    """Run the jobs on stdin and return the exit status."""
    show_only_nst_warnings()
    jobs, answers = sys.stdin.buffer, sys.stdout.buffer
    # Text that a library prints must not end up among the records.
    sys.stdout = sys.stderr
    shared = SharedResources()
    try:
        for line in jobs:
            job = Job.model_validate_json(line)
            answers.write(run_any(job, shared).model_dump_json().encode() + b"\n")
            answers.flush()
            if shared.out_of_memory:
                return OUT_OF_MEMORY
    except KeyboardInterrupt:
        return 130
    return 0


def run_any(job: Job, shared: SharedResources) -> JobRecord:
    """Run a job; a bug becomes a record too, with its traceback on stderr."""
    try:
        return run_job(job, shared=shared)
    except Exception as error:
        # A bug. It must not cost the other pictures.
        traceback.print_exc()
        return JobRecord.failed(job, f"{type(error).__name__}: {' '.join(str(error).split())}")


if __name__ == "__main__":
    run_worker(main)
