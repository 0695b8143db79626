"""Many contents in many styles. A job is plain data, and one function runs it.

``plan`` makes the jobs. ``run_job`` runs one and returns a plain record. It may be called in this
process, in one of the processes of ``run_jobs``, by an engine (``nst_core.batch.executor``), or on
another machine by a scheduler that sends the job there as JSON: ``python -m
nst_core.batch.worker`` reads jobs from its input, one per line, and answers each with its record.
"""

from nst_core.batch.driver import BatchInterrupted, BatchListener, run_batch, run_jobs
from nst_core.batch.job import Job, JobRecord
from nst_core.batch.job_runner import SharedResources, run_job
from nst_core.batch.plan import plan

__all__ = [
    "BatchInterrupted",
    "BatchListener",
    "Job",
    "JobRecord",
    "SharedResources",
    "plan",
    "run_batch",
    "run_job",
    "run_jobs",
]
