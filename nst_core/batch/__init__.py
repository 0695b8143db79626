"""Many contents in many styles: jobs that are plain data, each done by one function.

``plan`` makes the jobs, ``do`` does one and returns a plain record, wherever it is called: here, in
one of ``run``'s processes, or on another machine by a scheduler that carries the job there as JSON
(``python -m nst_core.batch.worker`` reads jobs from its input, one a line, and answers in records).
"""

from nst_core.batch.doing import Workshop, do
from nst_core.batch.job import Job, Record, plan
from nst_core.batch.running import Interrupted, run

__all__ = ["Interrupted", "Job", "Record", "Workshop", "do", "plan", "run"]
