"""How many cores this process may use."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from nst_core.system import control_groups


def allowed_processors() -> int:
    """Return the number of processors that this process may run on (its affinity)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota() -> float | None:
    """Return how many cores' time the control groups give this process; None for no limit.

    A container started with ``--cpus 1.5`` sees all processors, and is stopped for the rest of each
    tenth of a second once it has used up its time.
    """
    quotas = []
    for version, directory in control_groups.of_controller("cpu"):
        found = _quota_of_version_2(directory) if version == 2 else _quota_of_version_1(directory)
        if found is not None:
            quotas.append(found)
    return min(quotas, default=None)


def share(workers: int = 1) -> int:
    """Return the number of threads that each of some workers may compute with, at least 1.

    A quota that is no whole number is rounded: with threads to spare, all of them are stopped.
    """
    found = allowed_processors()
    limit = quota()
    if limit is not None:
        found = min(found, max(1, round(limit)))
    return max(1, found // workers)


def _quota_of_version_2(directory: Path) -> float | None:
    with suppress(OSError, ValueError):
        most, period = (directory / "cpu.max").read_text(encoding="ascii").split()
        return int(most) / int(period)  # "max" means no limit
    return None


def _quota_of_version_1(directory: Path) -> float | None:
    with suppress(OSError, ValueError):
        most, period = (
            int((directory / name).read_text(encoding="ascii"))
            for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        )
        return most / period if most > 0 else None  # -1 means no limit
    return None
