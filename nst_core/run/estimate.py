"""What a run will take of memory and time on this machine, before it is begun.

Memory: what this process holds already (libraries, weights), plus what the backend says that a
session takes for pictures of these sizes, plus the optimiser's own arrays; of the stage that takes
most. Time: a few steps on a small picture, scaled by the convolutions' operations. Small pictures
are computed at about the same pace as large ones, but not at the same.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from math import prod

from nst_core.backend.footprint import Footprint, Footprints, StageSize
from nst_core.errors import OutOfMemoryError
from nst_core.run import stage_setup
from nst_core.run.prepared import PreparedRun
from nst_core.spec import LBFGS
from nst_core.system import memory
from nst_core.vgg19 import convolution_flops, feature_shape, smallest_side

_CALIBRATION_PIXELS = 128 * 192
_CALIBRATION_SECONDS = 1.0
_LIBRARIES_MB = 60.0
"""What libraries take up at their first step: thread pools, compiled kernels."""

_RESERVED_MB = 220.0
"""Address space that the heaps of threads reserve without using it; it counts only where address
space is limited. Measured on MXNet: the smallest limit that 300x420 and 600x840 need was 207 and
215 MB above the estimate."""


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


def of_memory(prepared: PreparedRun) -> Estimate:
    """Estimate the memory of a run that is prepared."""
    memory.trim_heap()  # as every stage begins
    needs = [_session(prepared, size) for size in prepared.sizes]
    known = [need for need in needs if need is not None]
    if len(known) < len(needs):
        return Estimate(memory_mb=None, available_mb=None)
    peak, free = max(need for need, _ in known), known[0][1]
    if prepared.plan.device.name != "cpu":
        return Estimate(memory_mb=peak, available_mb=free)
    held, there = memory.rss_mb() or 0.0, _available_mb()
    return Estimate(
        memory_mb=held + _LIBRARIES_MB + peak,
        # What this process holds already is no longer counted as available.
        available_mb=None if there is None else there + held,
    )


def refuse_what_cannot_fit(prepared: PreparedRun, number: int) -> None:
    """Refuse a stage that can't fit in a limited address space, if trying would end the process.

    Only what surely can't fit: the estimate is compared with all of the address space that is left.
    The smallest limits that work were 200 MB above that (see ``_RESERVED_MB``).

    Args:
        prepared: The run.
        number: The stage, counted from 0.

    Raises:
        OutOfMemoryError: half a sentence, as from a backend.
    """
    left = memory.address_space_left_mb()
    if left is None or prepared.plan.device.name != "cpu":
        return
    found = _footprint(prepared, prepared.sizes[number])
    need = _session(prepared, prepared.sizes[number])
    if found is None or need is None or found.survives_lack:
        return
    memory.trim_heap()
    if need[0] + _LIBRARIES_MB > left:
        raise OutOfMemoryError(
            f"the memory is not enough: about {need[0] + _LIBRARIES_MB:.0f} MB are needed "
            f"({left:.0f} MB are free)"
        )


def _available_mb() -> float | None:
    """Return how much more memory this process can really use, in 10^6 bytes, if known."""
    there = memory.available_mb()
    if there is None or memory.address_space_left_mb() is None:
        return there
    return max(0.0, there - _RESERVED_MB)


def fitting(prepared: PreparedRun, number: int, *, rss_mb: float) -> tuple[int, int] | None:
    """Return the largest (height, width) of a stage, of its proportions, that is likely to fit.

    Smaller than it is, by steps of a twentieth; for a run on the CPU that met its end for want of
    memory.

    Args:
        prepared: The run.
        number: The stage, counted from 0.
        rss_mb: What the process held before the run, in 10^6 bytes.

    Returns:
        None if that can't be told, or nothing would fit.
    """
    there, now = _available_mb(), memory.rss_mb()
    if prepared.plan.device.name != "cpu" or there is None or now is None:
        return None
    room = there + now - rss_mb - _LIBRARIES_MB
    least = smallest_side(prepared.plan.spec.taps())
    for twentieths in range(19, 0, -1):
        size = _scaled(prepared.sizes[number], twentieths / 20, least=least)
        need = _session(prepared, size)
        if need is None:
            return None
        if need[0] <= room:
            return size.content
    return None


def of_run(prepared: PreparedRun) -> Estimate:
    """Estimate memory and time of a run that is prepared; takes a second or two."""
    rate = seconds_per_flop(prepared)
    taps = prepared.plan.spec.taps()
    flops = sum(
        stage.steps * convolution_flops(taps, height=size.content[0], width=size.content[1])
        for stage, size in zip(prepared.plan.spec.stages, prepared.sizes, strict=True)
    )
    return replace(of_memory(prepared), seconds=rate * flops)


def seconds_per_flop(prepared: PreparedRun) -> float:
    """Take a few steps at a small size; return seconds for an operation of the forward pass."""
    small = replace(prepared, sizes=(_small(prepared),))
    start = stage_setup.initial_image(small, 0, previous=None)
    session = stage_setup.stepper(small, 0, initial_image=start)
    seconds: list[float] = []
    while len(seconds) < 3 or sum(seconds) < _CALIBRATION_SECONDS:
        began = time.perf_counter()
        session.step(learning_rate=prepared.plan.spec.learning_rate_at(len(seconds)))
        session.image()
        seconds.append(time.perf_counter() - began)
    height, width = small.sizes[0].content
    flops = convolution_flops(prepared.plan.spec.taps(), height=height, width=width)
    return statistics.median(seconds[1:]) / flops


def _small(prepared: PreparedRun) -> StageSize:
    """Return the last stage's sizes, made small enough to be quick."""
    size = prepared.sizes[-1]
    pixels = max(height * width for height, width in (size.content, *size.styles))
    ratio = min(1.0, (_CALIBRATION_PIXELS / pixels) ** 0.5)
    least = smallest_side(prepared.plan.spec.taps())
    return _scaled(size, ratio, least=least)


def _scaled(size: StageSize, ratio: float, *, least: int) -> StageSize:
    def scaled(sides: tuple[int, int]) -> tuple[int, int]:
        height, width = (max(least, round(side * ratio)) for side in sides)
        return height, width

    return StageSize(scaled(size.content), tuple(map(scaled, size.styles)))


def _footprint(prepared: PreparedRun, size: StageSize) -> Footprint | None:
    """Return what the backend says that a session takes, if it can tell."""
    if not isinstance(prepared.backend, Footprints):
        return None
    return prepared.backend.footprint(
        taps=prepared.plan.spec.taps(),
        size=size,
        device=prepared.plan.device.name,
        dtype=prepared.dtype,
        execution=prepared.execution,
    )


def _session(prepared: PreparedRun, size: StageSize) -> tuple[float, float | None] | None:
    """Return the megabytes that a stage takes and those that its device has free, if known."""
    found = _footprint(prepared, size)
    if found is None:
        return None
    spec = prepared.plan.spec
    optimiser = spec.optimiser
    # L-BFGS: pairs and a few more, in main memory. Images are small beside everything else.
    on_cpu = prepared.plan.device.name == "cpu"
    images = 2 * optimiser.history + 12 if isinstance(optimiser, LBFGS) and on_cpu else 8
    height, width = size.content
    item = 8 if prepared.dtype == "float64" else 4
    # Besides, what the content is compared with.
    targets = sum(
        prod(feature_shape(tap, height=height, width=width)) for tap in spec.objective().content
    )
    peak = found.peak + (images * height * width * 3 + targets) * item
    return peak / 1e6, None if found.available is None else found.available / 1e6
