"""What is left of a run that numbers or memory have ended: the best picture before, and why."""

from __future__ import annotations

from nst_core.arrays import Image
from nst_core.errors import OutOfMemoryError
from nst_core.optimisers import Diverged
from nst_core.run import estimate
from nst_core.run.averaging import EMAStepper
from nst_core.run.divergence import NonFiniteError, first_non_finite
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.run.prepared import PreparedRun
from nst_core.run.stepper import Stepper
from nst_core.system import memory

KEPT = "the picture is the best one before"


def after_divergence(
    reason: Diverged | NonFiniteError,
    session: Stepper,
    *,
    number: int,
    done: int,
    best: Image | None,
) -> tuple[Image, str]:
    """Return the best image before the numbers went wrong, and a line on why the run ends.

    Args:
        reason: What went wrong.
        session: What took the stage's steps.
        number: The stage, counted from 0.
        done: Steps taken in it.
        best: What its guard holds; L-BFGS knows its own.

    Raises:
        NonFiniteError: if there is none.
    """
    text, step = str(reason), done
    if isinstance(session, EMAStepper):
        session = session.inner
    if isinstance(session, LBFGSStepper):
        best, step = session.best(), step + 1  # which it could not take
        evaluated = session.evaluated
        text += f" ({wrong})" if evaluated and (wrong := first_non_finite(evaluated)) else ""
    where = f"stage {number + 1}, step {step}: {text}"
    if best is None:
        raise NonFiniteError(f"{where}; there is no picture yet")
    return best, f"{where}; {KEPT}"


def after_out_of_memory(
    reason: Exception,
    prepared: PreparedRun,
    *,
    number: int,
    rss_mb: float | None,
    best: Image | None,
) -> tuple[Image, str]:
    """Return the best image before the memory was not enough, and a line on why the run ends.

    Args:
        reason: What a backend, NumPy or Pillow said.
        prepared: The run.
        number: The stage, counted from 0.
        rss_mb: What the process held before the first.
        best: What there is.

    Raises:
        OutOfMemoryError: if there is none.
    """
    what = (
        str(reason) if isinstance(reason, OutOfMemoryError) else memory.memory_error_message(reason)
    )
    height, width = prepared.plan.sizes[number]
    text = f"stage {number + 1}, {height}x{width}: {what}; {smaller_size(prepared, number, rss_mb=rss_mb)}"
    if best is None:
        raise OutOfMemoryError(text) from reason
    return best, f"{text}; {KEPT}"


def smaller_size(prepared: PreparedRun, number: int, *, rss_mb: float | None) -> str:
    """Return which size or option of a stage would fit, as the end of a line.

    Args:
        prepared: The run.
        number: The stage, counted from 0.
        rss_mb: What the process held before the first.
    """
    fitting = None if rss_mb is None else estimate.fitting(prepared, number, rss_mb=rss_mb)
    if fitting:
        advice = f"--size {fitting[0]}x{fitting[1]} is likely to fit"
    else:
        height, width = (max(1, side * 7 // 10) for side in prepared.plan.sizes[number])
        advice = f"try --size {height}x{width}, half of the memory"
    if prepared.execution.checkpointing:
        return advice
    return f"{advice}, or try --checkpointing where the backend has it"
