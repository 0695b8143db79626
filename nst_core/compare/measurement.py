"""What a contestant measured, and its file: NumPy arrays, with the rest as JSON among them."""

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
    """One step: its weighted losses, taken before its update, and its wall-clock seconds."""

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
        """Return the losses as the documents report them, and their total."""
        return {
            "content": sum(self.content.values()),
            "style": sum(self.style.values()),
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


class Record(BaseModel):
    """Everything that was measured besides arrays.

    Attributes:
        label: The contestant's.
        preset: The name of its spec.
        backend: The name of its backend.
        version: The framework's.
        device: Where it was computed: ``cpu``.
        device_description: What that is, with its threads.
        sizes: (height, width) of each stage.
        weights_sha256: Of the VGG-19 weights.
        steps: Every step of all stages.
        seconds: Of all stages, set-up included.
        peak_memory_mb: Of the process at the end of the run, in 10^6 bytes, main memory only; None
            where the operating system doesn't tell.
        python: Python's version.
        numpy: NumPy's version.
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
        """The median; without the first step, which warms up, if there are others."""
        seconds = [step.seconds for step in self.steps]
        return statistics.median(seconds[1:] or seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A contestant's record and its arrays, all (H, W, 3).

    Attributes:
        record: What was measured.
        image: The end image, not clipped.
        start: What the first stage started from.
        gradient_at_start: Of the total with respect to the image, in the first stage.
        gradient_at_common: The same at the common end image, in the last stage.
    """

    record: Record
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
            record = Record.model_validate_json(str(file["record"]))
            return cls(record=record, **{name: file[name] for name in _ARRAYS})


_ARRAYS = ("image", "start", "gradient_at_start", "gradient_at_common")
