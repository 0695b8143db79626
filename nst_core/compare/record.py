"""What was measured of a variant, and its file: NumPy arrays, and everything else as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from nst_core.arrays import Image
from nst_core.backend import Losses


class StepRecord(BaseModel):
    """One step: its weighted losses, taken before its update, and its wall-clock seconds.

    Attributes:
        stage: Counted from 1.
        step: Within the stage, counted from 1.
        content: Weighted loss per content layer.
        style: Weighted loss per style layer.
        tv: Weighted total variation loss.
        total: The sum of all.
        seconds: Wall-clock time.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    stage: int
    step: int
    content: dict[str, float]
    style: dict[str, float]
    tv: float
    total: float
    seconds: float

    @classmethod
    def of(cls, losses: Losses, *, stage: int, step: int, seconds: float) -> StepRecord:
        """Return the record of a step with ``losses``."""
        return cls(
            stage=stage,
            step=step,
            content=dict(losses.content),
            style=dict(losses.style),
            tv=losses.total_variation,
            total=losses.total,
            seconds=seconds,
        )

    def sums(self) -> dict[str, float]:
        """Return the content, style and total variation loss, and their total.

        They are summed over the layers, as the documents report them.
        """
        return {
            "content": sum(self.content.values(), 0.0),
            "style": sum(self.style.values(), 0.0),
            "tv": self.tv,
            "total": self.total,
        }

    def terms(self) -> Iterator[tuple[str, float]]:
        """Return every single loss with its name: ``style relu1_1`` ..., ``tv``, ``total``."""
        for kind, losses in (("content", self.content), ("style", self.style)):
            for tap, loss in losses.items():
                yield f"{kind} {tap}", loss
        yield "tv", self.tv
        yield "total", self.total


class VariantRecord(BaseModel):
    """Everything that was measured of a variant except arrays.

    Attributes:
        label: The variant's.
        preset: The name of its spec.
        backend: The name of its backend.
        version: The version of the framework.
        device: Where it ran, for example ``cpu``.
        device_description: The device's name, and its threads.
        sizes: (height, width) of each stage, in pixels.
        weights_sha256: Checksum of the VGG-19 weights.
        steps: Every step of all stages.
        seconds: Wall-clock time of all stages, including set-up.
        peak_memory_mb: Peak main memory of the process at the end of the run, in 10^6 bytes; None
            where the operating system doesn't report it.
        python: Version of Python.
        numpy: Version of NumPy.
        recipe: The recipe of the picture.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    label: str
    preset: str
    backend: str
    version: str
    device: str
    device_description: str
    sizes: tuple[tuple[int, int], ...]
    weights_sha256: str
    steps: tuple[StepRecord, ...]
    seconds: float
    peak_memory_mb: float | None
    python: str
    numpy: str
    recipe: str

    @property
    def seconds_per_step(self) -> float:
        """The median, without the first step, which warms up, if there are others."""
        seconds = [step.seconds for step in self.steps]
        return statistics.median(seconds[1:] or seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A variant's record and its arrays, all of shape (H, W, 3).

    Attributes:
        record: Everything except arrays.
        image: The end image, not clipped.
        start: The image that the first stage started from.
        gradient_at_start: Gradient of the total loss with respect to the image, at ``start``, in
            the first stage.
        gradient_at_common: The same at the common end image, in the last stage.
    """

    record: VariantRecord
    image: Image
    start: Image
    gradient_at_start: Image
    gradient_at_common: Image

    def save(self, path: Path) -> None:
        """Write everything as one ``.npz`` file."""
        arrays: Mapping[str, Image] = {name: getattr(self, name) for name in _ARRAYS}
        np.savez(path, record=np.array(self.record.model_dump_json()), **arrays)

    @classmethod
    def load(cls, path: Path) -> Measurement:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as file:
            record = VariantRecord.model_validate_json(str(file["record"]))
            return cls(record=record, **{name: file[name] for name in _ARRAYS})


_ARRAYS = ("image", "start", "gradient_at_start", "gradient_at_common")
