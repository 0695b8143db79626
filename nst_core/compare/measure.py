"""Runs one variant and measures it."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable

import numpy as np
from typing_extensions import override

from nst_core.arrays import Image
from nst_core.backend import Backend
from nst_core.compare.record import Measurement, StepRecord, VariantRecord
from nst_core.compare.recording_backend import RecordingBackend
from nst_core.compare.variant import CommonSettings, Variant
from nst_core.run.observers import Observer, Step
from nst_core.run.prepared import PreparedRun
from nst_core.run.result import Result
from nst_core.run.transfer import transfer_run
from nst_core.spec import Spec
from nst_core.system import memory


def measure(
    backend: Backend,
    variant: Variant,
    settings: CommonSettings,
    *,
    common_image: Image | None,
    observers: Iterable[Observer] = (),
    on_prepared: Callable[[PreparedRun], None] | None = None,
) -> tuple[Result, Measurement]:
    """Run a variant and measure it.

    Args:
        backend: The variant's backend, loaded.
        variant: The variant to run.
        settings: The settings that it shares with the others.
        common_image: The image, (H, W, 3), at which all variants of a preset take a gradient;
            None for the end image of this run.
        observers: Further observers of the run.
        on_prepared: As in ``transfer``.

    Raises:
        NstError: as ``transfer_run`` raises it; one line.
    """
    recorder = StepRecorder()
    recording = RecordingBackend(backend, on_session=recorder.restart)
    result = transfer_run(
        Spec.from_table(variant.spec),
        settings.run.model_copy(update={"backend": backend.name}),
        backend=recording,
        observers=[recorder, *observers],
        log_every=settings.log_every,
        max_pixels=settings.max_pixels,
        command=settings.command,
        on_prepared=on_prepared,
    )
    # The record has the peak memory, so it is made before the gradients are computed.
    record = _record(variant, result, recorder, version=backend.version)
    at = result.image if common_image is None else common_image
    measurement = Measurement(
        record=record,
        image=result.image,
        start=recording.start_image,
        gradient_at_start=recording.evaluate_start().gradient,
        gradient_at_common=recording.evaluate(at).gradient,
    )
    return result, measurement


class StepRecorder(Observer):
    """Keeps losses and seconds of every step. Reading the losses waits for the device."""

    def __init__(self) -> None:
        self.steps: list[StepRecord] = []
        self._began = 0.0

    def restart(self) -> None:
        """Start the clock of a step. The time before it was the set-up of a stage."""
        self._began = time.perf_counter()

    @override
    def stepped(self, step: Step) -> None:
        losses = step.losses
        now = time.perf_counter()
        record = StepRecord.of(losses, stage=step.stage, step=step.step, seconds=now - self._began)
        self.steps.append(record)
        self._began = now


def _record(
    variant: Variant, result: Result, recorder: StepRecorder, *, version: str
) -> VariantRecord:
    plan = result.plan
    return VariantRecord(
        label=variant.label,
        preset=variant.preset,
        backend=variant.backend,
        version=version,
        device=plan.device.name,
        device_description=plan.device.description,
        sizes=plan.sizes,
        weights_sha256=plan.weights_checksum,
        steps=tuple(recorder.steps),
        seconds=result.seconds,
        peak_memory_mb=memory.peak_mb(),
        python=platform.python_version(),
        numpy=np.__version__,
        recipe=plan.recipe,
    )
