"""What nst says beforehand of a contestant's memory, in a process of its own.

``benchmarks/memory.py`` starts it; prints 10^6 bytes, or ``null``.
"""

from __future__ import annotations

import argparse
import json

from measuring.entry import Entry
from nst_core import demo, transfer
from nst_core.run import estimate
from nst_core.run.prepared import PreparedRun
from nst_core.spec import presets
from nst_core.spec.stage_overrides import with_stages


class _Considered(Exception):  # noqa: N818 - the end that was wanted
    """Carries what was estimated."""

    def __init__(self, megabytes: float | None) -> None:
        super().__init__(megabytes)
        self.megabytes = megabytes


def _consider(work: PreparedRun) -> None:
    raise _Considered(estimate.of_memory(work).memory_mb)


def main() -> None:
    """Read the command line and print the estimate."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contestant")
    parser.add_argument("--size", required=True)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    entry = Entry.parse(options.contestant)
    try:
        transfer(
            demo.landscape(),
            demo.painting(),
            spec=with_stages(presets.load(entry.preset), sizes=[options.size], steps=[1]),
            backend=entry.program.removeprefix("nst-"),
            device=options.device,
            dtype=entry.dtype,
            execution=entry.execution,
            on_prepared=_consider,
        )
    except _Considered as found:
        print(json.dumps(found.megabytes))  # noqa: T201


if __name__ == "__main__":
    main()
