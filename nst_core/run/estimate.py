"""Estimates the memory and the time of a run on this machine, before the run begins.

Memory is the sum of three parts, for the stage that takes most:

- what this process holds already (libraries, weights)
- what the backend says that a session takes for pictures of these sizes
- the optimiser's own arrays

Time is measured in a few steps on a small picture and scaled by the number of operations in the
convolutions. Small pictures take about the same time per operation as large ones, but not exactly.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

from nst_core.backend import Objective
from nst_core.backend.footprint import Footprint, HasFootprint, StageSize
from nst_core.errors import OutOfMemoryError
from nst_core.optimisers import level_sizes
from nst_core.run import matching_cost, stage_setup
from nst_core.run.prepared import PreparedRun
from nst_core.spec import LBFGS
from nst_core.system import memory
from nst_core.vgg19 import convolution_flops, feature_shape, smallest_side

_CALIBRATION_PIXELS = 128 * 192
_CALIBRATION_SECONDS = 1.0
_PYRAMID_IMAGES = 4
"""Images that a Laplacian pyramid holds while it is summed up, besides its matrices."""

_LIBRARIES_MB = 60.0
"""What libraries allocate at their first step: thread pools, compiled kernels."""

_RESERVED_MB = 220.0
"""Address space that the heaps of threads reserve without using it; it counts only where address
space is limited. Measured on MXNet with one thread: the smallest limit with which 300x420 and
600x840 worked was 207 and 215 MB above the estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The estimated memory and time of a run.

    Attributes:
        memory_mb: The peak memory in 10^6 bytes: main memory of the process, or memory of the
            device if it has its own. None if the backend can't estimate it.
        available_mb: The memory available for the run, in 10^6 bytes; None if it is not known.
        seconds: The time of all stages; None if it was not estimated.
    """

    memory_mb: float | None
    available_mb: float | None
    seconds: float | None = None

    @property
    def fits(self) -> bool:
        """Whether the run is likely to fit into the memory; True if that is not known."""
        if self.memory_mb is None or self.available_mb is None:
            return True
        return self.memory_mb <= self.available_mb


def of_memory(prepared: PreparedRun) -> Estimate:
    """Estimate the memory of a prepared run."""
    memory.trim_heap()  # each stage does the same before it begins
    stages = [_stage_mb(prepared, number, size) for number, size in enumerate(prepared.sizes)]
    known = [stage for stage in stages if stage is not None]
    if len(known) < len(stages):
        return Estimate(memory_mb=None, available_mb=None)
    peak_mb, device_available_mb = max(peak for peak, _ in known), known[0][1]
    if prepared.plan.device.name != "cpu":
        return Estimate(memory_mb=peak_mb, available_mb=device_available_mb)
    rss_mb, available_mb = memory.rss_mb() or 0.0, _usable_mb()
    return Estimate(
        memory_mb=rss_mb + _LIBRARIES_MB + peak_mb,
        # The system does not count what this process holds as available.
        available_mb=None if available_mb is None else available_mb + rss_mb,
    )


def refuse_what_cannot_fit(prepared: PreparedRun, number: int) -> None:
    """Refuse a stage that can't fit in a limited address space, if trying could end the process.

    The estimate is compared with the whole address space that is left. The smallest limits with
    which runs worked were 200 MB above it (see ``_RESERVED_MB``), so no run that fits is refused.

    Args:
        prepared: The run.
        number: The stage's number, counted from 0.

    Raises:
        OutOfMemoryError: half a sentence, as from a backend.
    """
    if prepared.plan.device.name != "cpu" or memory.address_space_left_mb() is None:
        return
    size = prepared.sizes[number]
    footprint, stage = _footprint(prepared, number, size), _stage_mb(prepared, number, size)
    memory.trim_heap()
    left_mb = memory.address_space_left_mb()
    if footprint is None or stage is None or left_mb is None:
        return
    needed_mb = stage[0] + _LIBRARIES_MB
    if not footprint.survives_failed_allocation and needed_mb > left_mb:
        raise OutOfMemoryError(
            f"the memory is not enough: about {needed_mb:.0f} MB are needed ({left_mb:.0f} MB are "
            "free)"
        )


def _usable_mb() -> float | None:
    """Return how much more memory this process can really use, in 10^6 bytes, if known."""
    available_mb = memory.available_mb()
    if available_mb is None or memory.address_space_left_mb() is None:
        return available_mb
    return max(0.0, available_mb - _RESERVED_MB)


def largest_fitting_size(
    prepared: PreparedRun, number: int, *, rss_mb: float
) -> tuple[int, int] | None:
    """Return the largest smaller size of a stage that is likely to fit into the memory.

    It is meant for a run on the CPU that ran out of memory. The sizes that are tried have the
    stage's proportions and are 19/20, 18/20 ... 1/20 of its size.

    Args:
        prepared: The run.
        number: The stage's number, counted from 0.
        rss_mb: The memory that the process held before the run, in 10^6 bytes.

    Returns:
        (height, width) in pixels; None if it is not known, or if no size fits.
    """
    available_mb, current_rss_mb = _usable_mb(), memory.rss_mb()
    if prepared.plan.device.name != "cpu" or available_mb is None or current_rss_mb is None:
        return None
    limit_mb = available_mb + current_rss_mb - rss_mb - _LIBRARIES_MB
    least = smallest_side(prepared.plan.spec.taps())
    for twentieths in range(19, 0, -1):
        size = _scaled(prepared.sizes[number], twentieths / 20, least=least)
        stage = _stage_mb(prepared, number, size)
        if stage is None:
            return None
        if stage[0] <= limit_mb:
            return size.content
    return None


def of_run(prepared: PreparedRun) -> Estimate:
    """Estimate the memory and the time of a prepared run. This takes one or two seconds."""
    rate = seconds_per_flop(prepared)
    spec = prepared.plan.spec
    flops = 0
    for number, (stage, size) in enumerate(zip(spec.stages, prepared.sizes, strict=True)):
        height, width = size.content
        taps = spec.in_stage(number).taps()
        flops += stage.steps * convolution_flops(taps, height=height, width=width)
    seconds = rate * flops + matching_cost.seconds(prepared, seconds_per_flop=rate)
    return replace(of_memory(prepared), seconds=seconds)


def seconds_per_flop(prepared: PreparedRun) -> float:
    """Return the seconds per operation of the forward pass, measured in a few small steps."""
    small = replace(prepared, sizes=(_small(prepared),))
    start = stage_setup.initial_image(small, 0, previous=None)
    session = stage_setup.start_stepper(small, 0, initial_image=start)
    seconds: list[float] = []
    while len(seconds) < 3 or sum(seconds) < _CALIBRATION_SECONDS:
        began = time.perf_counter()
        session.step(learning_rate=prepared.plan.spec.learning_rate_at(len(seconds)))
        session.image()
        seconds.append(time.perf_counter() - began)
    height, width = small.sizes[0].content
    taps = prepared.plan.spec.in_stage(0).taps()
    flops = convolution_flops(taps, height=height, width=width)
    return statistics.median(seconds[1:]) / flops


def _small(prepared: PreparedRun) -> StageSize:
    """Return the last stage's sizes, scaled down so that a step is fast."""
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


def _footprint(prepared: PreparedRun, number: int, size: StageSize) -> Footprint | None:
    """Return the backend's own estimate of a stage's session, if it has one."""
    if not isinstance(prepared.backend, HasFootprint):
        return None
    objective = prepared.plan.spec.in_stage(number).objective()
    return prepared.backend.footprint(
        objective=objective,
        size=size,
        device=prepared.plan.device.name,
        dtype=prepared.dtype,
        execution=prepared.execution,
    )


def _stage_mb(
    prepared: PreparedRun, number: int, size: StageSize
) -> tuple[float, float | None] | None:
    """Return the memory that a stage takes and the free memory of its device, in 10^6 bytes.

    The free memory is None if it is not known; the result is None if neither is known.
    """
    footprint = _footprint(prepared, number, size)
    if footprint is None:
        return None
    spec = prepared.plan.spec
    optimiser = spec.optimiser
    # The optimiser's arrays, in images. L-BFGS holds two per pair and a few more, in main memory.
    on_cpu = prepared.plan.device.name == "cpu"
    images: float = 2 * optimiser.history + 12 if isinstance(optimiser, LBFGS) and on_cpu else 8
    height, width = size.content
    item = 8 if prepared.dtype == "float64" else 4
    matrices = 0
    if spec.variables.kind == "laplacian":
        images = images * 4 / 3 + _PYRAMID_IMAGES
        levels = level_sizes(height=height, width=width, levels=spec.variables.levels)
        matrices = sum(n * m for pair in pairwise(levels) for n, m in zip(*pair, strict=True))
    # The content features that the image is compared with.
    objective = spec.in_stage(number).objective()
    targets = sum(prod(feature_shape(tap, height=height, width=width)) for tap in objective.content)
    peak = footprint.peak + (images * height * width * 3 + matrices + targets) * item
    peak += _sliced_bytes(objective, size, item=item)
    return peak / 1e6, None if footprint.available is None else footprint.available / 1e6


def _sliced_bytes(objective: Objective, size: StageSize, *, item: int) -> float:
    """Return the memory of sliced Wasserstein losses: projections and their gradients.

    Every tap keeps them until the backward pass. The tap that is sorted holds two more sets, and
    sorts a million values at a time. The styles' projections are held one style at a time.
    """
    if objective.style_statistics != "sliced-wasserstein":
        return 0.0

    def projections(sides: tuple[int, int]) -> list[int]:
        height, width = sides
        shapes = [feature_shape(tap, height=height, width=width) for tap in objective.style]
        return [objective.projections * h * w for _, h, w in shapes]

    of_image = projections(size.content)
    most = max(of_image, default=0)
    step = 2 * item * sum(of_image) + 16 * most + 64 * min(most, 1 << 20)
    return max(step, *(2 * 8 * sum(projections(sides)) for sides in size.styles))
