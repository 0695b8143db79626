"""Whether contestants of one preset computed the same numbers, and where they did not."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nst_core.arrays import Image
from nst_core.compare.measurement import Measurement, StepRecord
from nst_core.compare.tolerances import Tolerances

_SMALL = 1e-3  # of the total: a loss below it is compared relative to this


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One comparison of two contestants.

    Attributes:
        what: What was compared.
        where: Where in it the largest difference was, or empty.
        first: Label of one contestant.
        second: Label of the other.
        value: The largest relative difference; infinite if a number was not finite.
        allowed: The largest that passes.
    """

    what: str
    where: str
    first: str
    second: str
    value: float
    allowed: float

    @property
    def agrees(self) -> bool:
        """Whether the difference is within what is allowed."""
        return self.value <= self.allowed

    @property
    def line(self) -> str:
        """What is said of it where it is too large."""
        where = f" ({self.where})" if self.where else ""
        return (
            f"{self.what}{where}: {self.first} against {self.second} {self.value:.1e}, "
            f"allowed {self.allowed:.0e}"
        )


def groups(measurements: Iterable[Measurement]) -> list[list[Measurement]]:
    """Return the measurements preset by preset, in their order."""
    found: dict[str, list[Measurement]] = {}
    for one in measurements:
        found.setdefault(one.record.preset, []).append(one)
    return list(found.values())


def judge(measurements: Iterable[Measurement], allowed: Tolerances) -> list[Deviation]:
    """Compare the first contestant of each preset with the preset's others."""
    return [
        deviation
        for first, *others in groups(measurements)
        for other in others
        for deviation in deviations(first, other, allowed)
    ]


def deviations(first: Measurement, second: Measurement, allowed: Tolerances) -> list[Deviation]:
    """Compare two contestants, from what comes first to what follows from it."""
    mine, theirs = first.record.steps, second.record.steps
    start = gradient_difference(first.gradient_at_start, second.gradient_at_start)
    common = gradient_difference(first.gradient_at_common, second.gradient_at_common)
    found = (
        ("losses at the first step", *_first_step(mine[0], theirs[0]), allowed.first_losses),
        ("gradient at the start image", *start, allowed.gradient),
        ("gradient at the common end image", *common, allowed.gradient),
        (
            "losses of the first three steps",
            *_worst_step(mine[:3], theirs[:3]),
            allowed.early_losses,
        ),
        ("losses over all steps, in the mean", *_mean_of_steps(mine, theirs), allowed.mean_losses),
    )
    labels = {"first": first.record.label, "second": second.record.label}
    return [
        Deviation(what=what, where=where, value=value, allowed=bound, **labels)
        for what, where, value, bound in found
    ]


def gradient_difference(first: Image, second: Image) -> tuple[str, float]:
    """Return how far two gradients are apart.

    Returns:
        The largest difference of an entry relative to the first's largest entry, in words, and the
        norm of the difference relative to the first's norm.
    """
    if first.shape != second.shape:
        return f"shapes {first.shape} and {second.shape}", math.inf
    whole, apart = first.astype(float), first.astype(float) - second
    entry = relative(float(np.max(np.abs(apart))), float(np.max(np.abs(whole))))
    norm = relative(float(np.linalg.norm(apart)), float(np.linalg.norm(whole)))
    return f"at most {entry:.1e} of the largest entry", norm


def step_difference(first: StepRecord, second: StepRecord) -> tuple[str, float]:
    """Return which of the losses differs most at a step, and by how much of the total."""
    mine, theirs = first.sums(), second.sums()
    return _worst((name, relative(mine[name] - theirs[name], first.total)) for name in mine)


def relative(difference: float, size: float) -> float:
    """Return |difference| / |size|: 0 for no difference, infinite where it can't be told."""
    if difference == 0:
        return 0.0
    ratio = abs(difference) / abs(size) if size else math.inf
    return ratio if math.isfinite(ratio) else math.inf


def _first_step(first: StepRecord, second: StepRecord) -> tuple[str, float]:
    theirs, least = dict(second.terms()), _SMALL * abs(first.total)
    return _worst(
        (name, relative(loss - theirs.get(name, math.nan), max(abs(loss), least)))
        for name, loss in first.terms()
    )


def _step_differences(
    first: Sequence[StepRecord], second: Sequence[StepRecord]
) -> list[tuple[str, float]]:
    if len(first) != len(second):
        return [(f"{len(first)} steps and {len(second)}", math.inf)]
    found = []
    for number, (mine, theirs) in enumerate(zip(first, second, strict=True), start=1):
        name, value = step_difference(mine, theirs)
        found.append((f"{name}, step {number}", value))
    return found


def _worst_step(first: Sequence[StepRecord], second: Sequence[StepRecord]) -> tuple[str, float]:
    return _worst(_step_differences(first, second))


def _mean_of_steps(first: Sequence[StepRecord], second: Sequence[StepRecord]) -> tuple[str, float]:
    found = _step_differences(first, second)
    where, value = _worst(found)
    return f"at most {value:.1e}: {where}", statistics.fmean(value for _, value in found)


def _worst(found: Iterable[tuple[str, float]]) -> tuple[str, float]:
    return max(found, key=lambda pair: pair[1])
