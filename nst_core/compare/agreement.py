"""Checks whether variants of the same preset computed the same numbers, and says where not."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nst_core.arrays import Image
from nst_core.compare.record import Measurement, StepRecord
from nst_core.compare.tolerances import Tolerances

_SMALL = 1e-3
"""Share of the total loss. The difference of a smaller loss is taken relative to this share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One comparison of two variants.

    Attributes:
        what: What was compared.
        where: Where the largest difference was; may be empty.
        first: Label of one variant.
        second: Label of the other variant.
        value: The relative difference; infinite if a number was not finite.
        allowed: The largest value that passes.
    """

    what: str
    where: str
    first: str
    second: str
    value: float
    allowed: float

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance."""
        return self.value <= self.allowed

    @property
    def line(self) -> str:
        """One line for a report or an error."""
        where = f" ({self.where})" if self.where else ""
        return (
            f"{self.what}{where}: {self.first} against {self.second} {self.value:.1e}, "
            f"allowed {self.allowed:.0e}"
        )


def by_preset(measurements: Iterable[Measurement]) -> list[list[Measurement]]:
    """Return the measurements in one list per preset, in their order."""
    groups: dict[str, list[Measurement]] = {}
    for one in measurements:
        groups.setdefault(one.record.preset, []).append(one)
    return list(groups.values())


def check_agreement(measurements: Iterable[Measurement], allowed: Tolerances) -> list[Deviation]:
    """Compare the first variant of each preset with the preset's others."""
    return [
        deviation
        for first, *others in by_preset(measurements)
        for other in others
        for deviation in deviations(first, other, allowed)
    ]


def deviations(first: Measurement, second: Measurement, allowed: Tolerances) -> list[Deviation]:
    """Compare two variants of a preset, from the first step to the last."""
    ours, theirs = first.record.steps, second.record.steps
    start = gradient_difference(first.gradient_at_start, second.gradient_at_start)
    common = gradient_difference(first.gradient_at_common, second.gradient_at_common)
    found = (
        ("losses at the first step", *_first_step(ours[0], theirs[0]), allowed.first_losses),
        ("gradient at the start image", *start, allowed.gradient),
        ("gradient at the common end image", *common, allowed.gradient),
        (
            "losses of the first three steps",
            *_worst_step(ours[:3], theirs[:3]),
            allowed.early_losses,
        ),
        ("losses over all steps, in the mean", *_mean_of_steps(ours, theirs), allowed.mean_losses),
    )
    labels = {"first": first.record.label, "second": second.record.label}
    return [
        Deviation(what=what, where=where, value=value, allowed=bound, **labels)
        for what, where, value, bound in found
    ]


def gradient_difference(first: Image, second: Image) -> tuple[str, float]:
    """Return how far two gradients, (H, W, 3), are apart.

    Returns:
        The largest difference of an entry relative to the first gradient's largest entry, in
        words; and the Euclidean norm of the difference relative to the first gradient's norm,
        which is infinite if the shapes differ.
    """
    if first.shape != second.shape:
        return f"shapes {first.shape} and {second.shape}", math.inf
    reference, difference = first.astype(float), first.astype(float) - second
    entry = relative(float(np.max(np.abs(difference))), float(np.max(np.abs(reference))))
    norm = relative(float(np.linalg.norm(difference)), float(np.linalg.norm(reference)))
    return f"at most {entry:.1e} of the largest entry", norm


def step_difference(first: StepRecord, second: StepRecord) -> tuple[str, float]:
    """Return the loss that differs most at a step, and the difference relative to the total."""
    ours, theirs = first.sums(), second.sums()
    return _worst((name, relative(ours[name] - theirs[name], first.total)) for name in ours)


def relative(difference: float, size: float) -> float:
    """Return |difference| / |size|: 0 for no difference, infinite where it is not defined."""
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
    for number, (ours, theirs) in enumerate(zip(first, second, strict=True), start=1):
        name, value = step_difference(ours, theirs)
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
