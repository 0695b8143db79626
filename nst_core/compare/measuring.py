"""One run on one backend, measured."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from nst_core.arrays import Array, Image
from nst_core.backend import (
    AUTOMATIC,
    Backend,
    Device,
    DType,
    Evaluation,
    Execution,
    Problem,
    Session,
)
from nst_core.compare.job import Contestant, Setting
from nst_core.compare.measurement import Measurement, Record, StepRecord
from nst_core.run.observers import Observer, Step
from nst_core.run.result import Result
from nst_core.run.transfer import transfer
from nst_core.spec import Spec
from nst_core.system import memory


def measure(
    backend: Backend,
    contestant: Contestant,
    setting: Setting,
    *,
    common: Image | None,
    observers: Iterable[Observer] = (),
) -> tuple[Result, Measurement]:
    """Run a contestant.

    Args:
        backend: The contestant's, loaded.
        contestant: Who runs.
        setting: On what.
        common: The image that all contestants of a preset take a gradient at; None for the end
            image of this run.
        observers: Told of every step, besides.

    Raises:
        NstError: whatever ``transfer`` finds wrong; one line.
    """
    meter = Meter()
    recorder = Recorder(backend, started=meter.restart)
    result = transfer(
        setting.content,
        setting.styles,
        style_blend=setting.style_blend,
        content_mask=setting.content_mask,
        style_mask=setting.style_mask,
        spec=Spec.from_table(contestant.spec),
        backend=recorder,
        weights=setting.weights,
        device=setting.device,
        dtype=setting.dtype,
        execution=setting.execution,
        observers=[meter, *observers],
        log_every=setting.log_every,
        max_pixels=setting.max_pixels,
        command=setting.command,
    )
    # Before anything else is computed that might take more.
    record = _record(contestant, result, meter, version=backend.version)
    measurement = Measurement(
        record=record,
        image=result.image,
        start=recorder.first_image,
        gradient_at_start=recorder.evaluate_start().gradient,
        gradient_at_common=recorder.evaluate(result.image if common is None else common).gradient,
    )
    return result, measurement


class Meter(Observer):
    """Keeps losses and seconds of every step; asking for the losses waits until they are there."""

    def __init__(self) -> None:
        self.steps: list[StepRecord] = []
        self._mark = 0.0

    def restart(self) -> None:
        """Begin a step now: what came before was the set-up of a stage."""
        self._mark = time.perf_counter()

    def stepped(self, step: Step) -> None:
        """Add a record."""
        losses = step.losses
        now = time.perf_counter()
        record = StepRecord.of(losses, stage=step.stage, step=step.step, seconds=now - self._mark)
        self.steps.append(record)
        self._mark = now


class Recorder:
    """A backend that keeps hold of what a run does with the one beneath it."""

    def __init__(self, backend: Backend, *, started: Callable[[], None]) -> None:
        self._backend = backend
        self._started = started
        self._first: tuple[Image, Callable[[], Session]] | None = None
        self._last: Session | None = None
        self._stages = 0

    @property
    def name(self) -> str:
        """That of the backend beneath."""
        return self._backend.name

    @property
    def version(self) -> str:
        """That of the backend beneath."""
        return self._backend.version

    def devices(self) -> Sequence[Device]:
        """Return those of the backend beneath."""
        return self._backend.devices()

    def pretrained(self) -> Mapping[str, Array]:
        """Return those of the backend beneath."""
        return self._backend.pretrained()

    def start(
        self,
        problem: Problem,
        *,
        device: str,
        dtype: DType,
        execution: Execution = AUTOMATIC,
    ) -> Session:
        """Return a session of the backend beneath; the first problem and the last session stay."""
        self._last = None  # so that two stages' sessions are never in memory together
        begin = partial(
            self._backend.start, problem, device=device, dtype=dtype, execution=execution
        )
        session = begin()
        self._first = self._first or (problem.start, begin)
        self._last = session
        self._stages += 1
        self._started()
        return session

    @property
    def first_image(self) -> Image:
        """What the first stage started from."""
        assert self._first is not None, "after a run"
        return self._first[0]

    def evaluate_start(self) -> Evaluation:
        """Evaluate the first stage's start image in the first stage."""
        assert self._first is not None, "after a run"
        if self._stages == 1:
            return self.evaluate(self.first_image)
        image, begin = self._first
        return begin().evaluate(image=image)

    def evaluate(self, image: Image) -> Evaluation:
        """Evaluate an image in the last stage."""
        assert self._last is not None, "after a run"
        return self._last.evaluate(image=image)


def _record(contestant: Contestant, result: Result, meter: Meter, *, version: str) -> Record:
    plan = result.plan
    return Record(
        label=contestant.label,
        preset=contestant.preset,
        backend=contestant.backend,
        version=version,
        device=plan.device.name,
        device_description=plan.device.description,
        sizes=plan.sizes,
        weights_sha256=plan.weights_checksum,
        steps=tuple(meter.steps),
        seconds=result.seconds,
        peak_memory_mb=memory.peak_mb(),
        python=platform.python_version(),
        numpy=np.__version__,
        recipe=plan.recipe,
    )
