"""Prints nst's own estimate of a variant's memory, in 10^6 bytes, or ``null``.

``benchmarks/memory.py`` starts it in a process of its own.
"""

from __future__ import annotations

import json

from measuring import script
from measuring.variant_spec import VariantSpec
from nst_core import demo, transfer
from nst_core.run import estimate
from nst_core.run.prepared import PreparedRun
from nst_core.spec import presets
from nst_core.spec.stage_overrides import with_stages


class _Estimated(Exception):  # noqa: N818 - it is no error, it ends the run before its first step
    """Carries the estimate."""

    def __init__(self, megabytes: float | None) -> None:
        super().__init__(megabytes)
        self.megabytes = megabytes


def _estimate(work: PreparedRun) -> None:
    raise _Estimated(estimate.of_memory(work).memory_mb)


def main() -> None:
    """Read the command line and print the estimate."""
    options = script.parser(__doc__, "variant", "size", device="cpu").parse_args()
    variant = VariantSpec.parse(options.variant)
    try:
        transfer(
            demo.landscape(),
            demo.painting(),
            spec=with_stages(presets.load(variant.preset), sizes=[options.size], steps=[1]),
            backend=variant.backend,
            device=options.device,
            dtype=variant.dtype,
            execution=variant.execution,
            on_prepared=_estimate,
        )
    except _Estimated as found:
        print(json.dumps(found.megabytes))  # noqa: T201


if __name__ == "__main__":
    main()
