"""A slot: the actor that runs jobs, one at a time, and keeps what they share.

Ray imports this module on the machine where the actor runs, from the package installed there.
"""

from __future__ import annotations

import json
import platform
import warnings
from importlib.metadata import version

from nst_core.batch.job import Job
from nst_core.batch.job_runner import SharedResources
from nst_core.batch.worker import run_any
from nst_core.errors import NstWarning


class Slot:
    """Runs jobs, and keeps backends, weights and style targets for the next ones."""

    def __init__(self) -> None:
        self._shared = SharedResources()

    def hello(self) -> str:
        """Return, as JSON, the version of nst here, the machine's name and the node's id."""
        import ray  # noqa: PLC0415

        node = ray.get_runtime_context().get_node_id()
        return json.dumps({"nst": version("nst"), "machine": platform.node(), "node": node})

    def run(self, job: str) -> str:
        """Run a job and return its record; both are JSON.

        Warnings are added to those of the record: nobody reads this process's output.
        """
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", NstWarning)
            record = run_any(Job.model_validate_json(job), self._shared)
        if caught:
            lines = (*record.warnings, *(str(one.message) for one in caught))
            record = record.model_copy(update={"warnings": lines})
        return record.model_dump_json()
