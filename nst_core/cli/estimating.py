"""What ``nst run`` says of memory and time before it begins."""

from __future__ import annotations

from nst_core.cli.progress import headline
from nst_core.cli.streams import say
from nst_core.run import estimate
from nst_core.run.estimate import Estimate
from nst_core.run.prepared import PreparedRun


class DryRun(Exception):  # noqa: N818 - the end that was asked for, no mistake
    """The run was only to be estimated; it ends here."""


def dry_run(work: PreparedRun) -> None:
    """Print what the run is going to do and will take, and end it.

    Raises:
        DryRun: always.
    """
    found = estimate.of_run(work)
    say(headline(work.plan))
    say(f"memory: {_memory(found)}")
    assert found.seconds is not None, "of_run measures it"
    each = found.seconds / work.plan.steps
    say(f"time: about {_duration(found.seconds)}, {each:.2g} s a step")
    warn(found)
    raise DryRun


def before_a_run(work: PreparedRun) -> None:
    """Warn if the run is not likely to fit; this costs next to nothing."""
    warn(estimate.of_memory(work))


def warn(found: Estimate) -> None:
    """Say on stderr that the memory is not likely to be enough, and what to do."""
    if not found.fits:
        say(
            f"nst: warning: the memory may not be enough: {_memory(found)}; "
            "try a smaller --size, or --checkpointing where the backend has it",
            err=True,
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
