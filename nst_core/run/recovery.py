"""What a run returns if it diverges or runs out of memory: the best image so far, and why."""

from __future__ import annotations

from nst_core.arrays import Image
from nst_core.errors import OutOfMemoryError
from nst_core.optimisers import Diverged
from nst_core.run import estimate
from nst_core.run.averaging import EMAStepper
from nst_core.run.divergence import NonFiniteError, first_non_finite
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.run.matching_stepper import MatchingStepper
from nst_core.run.prepared import PreparedRun
from nst_core.run.stepper import Stepper
from nst_core.system import memory

BEST_IMAGE = "the picture is the best one before"


def after_divergence(
    reason: Diverged | NonFiniteError,
    stepper: Stepper,
    *,
    number: int,
    done: int,
    best: Image | None,
) -> tuple[Image, str]:
    """Return the best image before a stage diverged, and a note of one line.

    Args:
        reason: The exception that ended the stage.
        stepper: The stage's stepper.
        number: The stage's number, counted from 0.
        done: The number of steps taken in the stage.
        best: The best image that the stage's guard knows, or None. It is not used for L-BFGS,
            which knows its own best image.

    Raises:
        NonFiniteError: if there is no image yet; one line.
    """
    text, step = str(reason), done
    while isinstance(stepper, EMAStepper | MatchingStepper):
        stepper = stepper.inner
    if isinstance(stepper, LBFGSStepper):
        best, step = stepper.best(), step + 1  # the step that failed is not counted in `done`
        evaluated = stepper.evaluated
        text += f" ({wrong})" if evaluated and (wrong := first_non_finite(evaluated)) else ""
    note = f"stage {number + 1}, step {step}: {text}"
    if best is None:
        raise NonFiniteError(f"{note}; there is no picture yet")
    return best, f"{note}; {BEST_IMAGE}"


def after_out_of_memory(
    reason: Exception,
    prepared: PreparedRun,
    *,
    number: int,
    rss_mb: float | None,
    best: Image | None,
) -> tuple[Image, str]:
    """Return the best image before a stage ran out of memory, and a note of one line.

    Args:
        reason: The exception of the backend, NumPy or Pillow.
        prepared: The run.
        number: The stage's number, counted from 0.
        rss_mb: The memory that the process held before the first stage, in 10^6 bytes; None if it
            is not known.
        best: The best image so far, or None.

    Raises:
        OutOfMemoryError: if there is no image yet; one line.
    """
    what = (
        str(reason) if isinstance(reason, OutOfMemoryError) else memory.memory_error_message(reason)
    )
    height, width = prepared.plan.sizes[number]
    note = (
        f"stage {number + 1}, {height}x{width}: {what}; {advice(prepared, number, rss_mb=rss_mb)}"
    )
    if best is None:
        raise OutOfMemoryError(note) from reason
    return best, f"{note}; {BEST_IMAGE}"


def advice(prepared: PreparedRun, number: int, *, rss_mb: float | None) -> str:
    """Return which size or option of a stage may fit into the memory.

    Args:
        prepared: The run.
        number: The stage's number, counted from 0.
        rss_mb: The memory that the process held before the first stage, in 10^6 bytes; None if it
            is not known.
    """
    size = None
    if rss_mb is not None:
        size = estimate.largest_fitting_size(prepared, number, rss_mb=rss_mb)
    if size:
        text = f"--size {size[0]}x{size[1]} is likely to fit"
    else:
        height, width = (max(1, side * 7 // 10) for side in prepared.plan.sizes[number])
        text = f"try --size {height}x{width}, half of the memory"
    if prepared.execution.checkpointing:
        return text
    return f"{text}, or try --checkpointing where the backend has it"
