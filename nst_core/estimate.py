"""What a run will take of memory and time on this machine, before it is begun.

Memory: what this process holds already (libraries, weights), plus what the backend says that a
session takes for pictures of these sizes, plus the optimiser's own arrays; of the stage that takes
most. Time: a few steps on a small picture, scaled by the convolutions' operations. Small pictures
are computed at about the same pace as large ones, but not at the same.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Protocol, runtime_checkable

from nst_core import memory, staging
from nst_core.backend import DType, Execution
from nst_core.spec import LBFGS
from nst_core.vgg19 import convolution_flops, feature_shape, smallest_side
from nst_core.work import StageSize, Work

_CALIBRATION_PIXELS = 128 * 192
_CALIBRATION_SECONDS = 1.0
_LIBRARIES_MB = 60.0
"""What libraries take up at their first step: thread pools, compiled kernels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What a session takes besides what the process holds before it, in bytes.

    Attributes:
        fixed: Whatever the picture's size: the backend's copy of the weights.
        content: At the peak of a step, without the content's features that it is compared with.
        style: At the peak of finding the targets, before there is a step.
        available: Memory of the device that is free, if it has its own and says so.
    """

    fixed: float
    content: float
    style: float
    available: float | None = None

    @property
    def peak(self) -> float:
        """The most at any time."""
        return self.fixed + max(self.content, self.style)


@runtime_checkable
class Footprints(Protocol):
    """A backend that knows how much memory its sessions take; one that doesn't need not."""

    def footprint(
        self,
        *,
        taps: Sequence[str],
        size: StageSize,
        device: str,
        dtype: DType,
        execution: Execution,
    ) -> Footprint:
        """Return what a session takes on a device; ``benchmarks/memory.py`` holds it to account."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run will take.

    Attributes:
        memory_mb: Main memory of the process at its peak, or memory of the device if that has its
            own; in 10^6 bytes; None where the backend can't tell.
        available_mb: What there is; None where that can't be told.
        seconds: Of all stages; None where it wasn't asked for.
    """

    memory_mb: float | None
    available_mb: float | None
    seconds: float | None = None

    @property
    def fits(self) -> bool:
        """Whether it is likely to fit; True where that can't be told."""
        if self.memory_mb is None or self.available_mb is None:
            return True
        return self.memory_mb <= self.available_mb


def of_memory(work: Work) -> Estimate:
    """Estimate the memory of a run that is prepared."""
    memory.give_back()  # as every stage begins
    needs = [_session(work, size) for size in work.sizes]
    known = [need for need in needs if need is not None]
    if len(known) < len(needs):
        return Estimate(memory_mb=None, available_mb=None)
    peak, free = max(need for need, _ in known), known[0][1]
    if work.plan.device.name != "cpu":
        return Estimate(memory_mb=peak, available_mb=free)
    held, there = memory.held_mb() or 0.0, memory.available_mb()
    return Estimate(
        memory_mb=held + _LIBRARIES_MB + peak,
        # What this process holds already is no longer counted as available.
        available_mb=None if there is None else there + held,
    )


def fitting(work: Work, number: int, *, held_mb: float) -> tuple[int, int] | None:
    """Return the largest (height, width) of a stage, of its proportions, that is likely to fit.

    Smaller than it is, by steps of a twentieth; for a run on the CPU that met its end for want of
    memory.

    Args:
        work: The run.
        number: The stage, counted from 0.
        held_mb: What the process held before the run, in 10^6 bytes.

    Returns:
        None if that can't be told, or nothing would fit.
    """
    there, now = memory.available_mb(), memory.held_mb()
    if work.plan.device.name != "cpu" or there is None or now is None:
        return None
    room = there + now - held_mb - _LIBRARIES_MB
    least = smallest_side(work.plan.spec.taps())
    for twentieths in range(19, 0, -1):
        size = _scaled(work.sizes[number], twentieths / 20, least=least)
        need = _session(work, size)
        if need is None:
            return None
        if need[0] <= room:
            return size.content
    return None


def of_run(work: Work) -> Estimate:
    """Estimate memory and time of a run that is prepared; takes a second or two."""
    rate = seconds_per_flop(work)
    taps = work.plan.spec.taps()
    flops = sum(
        stage.steps * convolution_flops(taps, height=size.content[0], width=size.content[1])
        for stage, size in zip(work.plan.spec.stages, work.sizes, strict=True)
    )
    return replace(of_memory(work), seconds=rate * flops)


def seconds_per_flop(work: Work) -> float:
    """Take a few steps at a small size; return seconds for an operation of the forward pass."""
    small = replace(work, sizes=(_small(work),))
    session = staging.session(small, 0, begin=staging.begin(small, 0, previous=None))
    seconds: list[float] = []
    while len(seconds) < 3 or sum(seconds) < _CALIBRATION_SECONDS:
        began = time.perf_counter()
        session.step(learning_rate=work.plan.spec.learning_rate_at(len(seconds)))
        session.image()
        seconds.append(time.perf_counter() - began)
    height, width = small.sizes[0].content
    flops = convolution_flops(work.plan.spec.taps(), height=height, width=width)
    return statistics.median(seconds[1:]) / flops


def _small(work: Work) -> StageSize:
    """Return the last stage's sizes, made small enough to be quick."""
    size = work.sizes[-1]
    pixels = max(height * width for height, width in (size.content, *size.styles))
    ratio = min(1.0, (_CALIBRATION_PIXELS / pixels) ** 0.5)
    least = smallest_side(work.plan.spec.taps())
    return _scaled(size, ratio, least=least)


def _scaled(size: StageSize, ratio: float, *, least: int) -> StageSize:
    def scaled(sides: tuple[int, int]) -> tuple[int, int]:
        height, width = (max(least, round(side * ratio)) for side in sides)
        return height, width

    return StageSize(scaled(size.content), tuple(map(scaled, size.styles)))


def _session(work: Work, size: StageSize) -> tuple[float, float | None] | None:
    """Return the megabytes that a stage takes and those that its device has free, if known."""
    if not isinstance(work.backend, Footprints):
        return None
    found = work.backend.footprint(
        taps=work.plan.spec.taps(),
        size=size,
        device=work.plan.device.name,
        dtype=work.dtype,
        execution=work.execution,
    )
    spec = work.plan.spec
    optimiser = spec.optimiser
    # L-BFGS: pairs and a few more, in main memory. Images are small beside everything else.
    on_cpu = work.plan.device.name == "cpu"
    images = 2 * optimiser.history + 12 if isinstance(optimiser, LBFGS) and on_cpu else 8
    height, width = size.content
    item = 8 if work.dtype == "float64" else 4
    # Besides, what the content is compared with.
    targets = sum(
        prod(feature_shape(tap, height=height, width=width)) for tap in spec.objective().content
    )
    peak = found.peak + (images * height * width * 3 + targets) * item
    return peak / 1e6, None if found.available is None else found.available / 1e6
