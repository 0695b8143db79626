"""``--dry-run``, and the warning before a run that may not fit in memory."""

from __future__ import annotations

from nst_core.run import estimate
from nst_core.run.estimate import Estimate
from nst_core.run.prepared import PreparedRun
from nst_core.terminal.progress import headline
from nst_core.terminal.streams import echo, warn


class DryRun(Exception):  # noqa: N818 - not an error: the user asked for it
    """Ends a run that was only to be estimated."""


def print_estimate(work: PreparedRun) -> None:
    """Print what the run would do, its memory and its time, and end it.

    Raises:
        DryRun: always.
    """
    print_warnings(work)
    found = estimate.of_run(work)
    echo(headline(work.plan))
    echo(f"memory: {_memory(found)}")
    assert found.seconds is not None, "of_run measures it"
    seconds_per_step = found.seconds / work.plan.steps
    echo(f"time: about {_duration(found.seconds)}, {seconds_per_step:.2g} s per step")
    warn_if_too_large(found)
    raise DryRun


def check_memory(work: PreparedRun) -> None:
    """Print the run's warnings; warn if it is not likely to fit in memory. This takes no time."""
    print_warnings(work)
    warn_if_too_large(estimate.of_memory(work))


def print_warnings(work: PreparedRun) -> None:
    """Print on stderr what was decided for the pictures of a run."""
    for line in work.plan.warnings:
        warn(line)


def warn_if_too_large(found: Estimate) -> None:
    """Say on stderr that the memory is not likely to be enough, and what to do."""
    if not found.fits:
        warn(
            f"the memory may not be enough: {_memory(found)}; "
            "try a smaller --size, or --checkpointing where the backend has it"
        )


def _memory(found: Estimate) -> str:
    if found.memory_mb is None:
        return "the backend can't tell"
    needed = f"about {found.memory_mb / 1000:.1f} GB at its peak"
    if found.available_mb is None:
        return needed
    return f"{needed}, {found.available_mb / 1000:.1f} GB available"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
