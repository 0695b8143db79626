"""What is left of a run that numbers or memory have ended: the best picture before, and why."""

from __future__ import annotations

from nst_core import estimate, memory
from nst_core.arrays import Image
from nst_core.averaging import Averaged
from nst_core.errors import OutOfMemoryError
from nst_core.evaluated import EvaluatedSession
from nst_core.numbers import NumbersError, fault
from nst_core.optimisers import Diverged
from nst_core.stepping import Stepping
from nst_core.work import Work

_KEPT = "the picture is the best one before"


def from_numbers(
    reason: Diverged | NumbersError,
    session: Stepping,
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
        NumbersError: if there is none.
    """
    text, step = str(reason), done
    if isinstance(session, Averaged):
        session = session.inner
    if isinstance(session, EvaluatedSession):
        best, step = session.best(), step + 1  # which it could not take
        evaluated = session.evaluated
        text += f" ({wrong})" if evaluated and (wrong := fault(evaluated)) else ""
    where = f"stage {number + 1}, step {step}: {text}"
    if best is None:
        raise NumbersError(f"{where}; there is no picture yet")
    return best, f"{where}; {_KEPT}"


def from_lack(
    reason: Exception, work: Work, *, number: int, held_mb: float | None, best: Image | None
) -> tuple[Image, str]:
    """Return the best image before the memory was not enough, and a line on why the run ends.

    Args:
        reason: What a backend, NumPy or Pillow said.
        work: The run.
        number: The stage, counted from 0.
        held_mb: What the process held before the first.
        best: What there is.

    Raises:
        OutOfMemoryError: if there is none.
    """
    what = str(reason) if isinstance(reason, OutOfMemoryError) else memory.plain(reason)
    height, width = work.plan.sizes[number]
    text = f"stage {number + 1}, {height}x{width}: {what}; {_smaller(work, number, held_mb)}"
    if best is None:
        raise OutOfMemoryError(text) from reason
    return best, f"{text}; {_KEPT}"


def _smaller(work: Work, number: int, held_mb: float | None) -> str:
    """Say which size or option would fit."""
    fitting = None if held_mb is None else estimate.fitting(work, number, held_mb=held_mb)
    if fitting:
        advice = f"--size {fitting[0]}x{fitting[1]} is likely to fit"
    else:
        height, width = (max(1, side * 7 // 10) for side in work.plan.sizes[number])
        advice = f"try --size {height}x{width}, half of the memory"
    if work.execution.checkpointing:
        return advice
    return f"{advice}, or try --checkpointing where the backend has it"
