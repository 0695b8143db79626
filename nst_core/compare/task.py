"""What a child process is given to do, as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator

from nst_core.compare.variant import CommonSettings, Variant
from nst_core.system import names


def _as_path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        raise ValueError("should be a path")
    return Path(names.from_text(value))


FilePath = Annotated[Path, PlainValidator(_as_path), PlainSerializer(names.to_text)]
"""A path; JSON holds it as ``nst_core.system.names.to_text``."""


class RunTask(BaseModel):
    """A whole run of a variant.

    Attributes:
        variant: The variant to run.
        settings: The settings that it shares with the others.
        directory: Where the picture and the measurement go.
        common: The file of a measurement. The gradient is also taken at its end image; None to
            take it at the end image of this run.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: Variant
    settings: CommonSettings
    directory: FilePath
    common: FilePath | None


class ChildTask(BaseModel):
    """The work of one process: to load a backend and find the device, and to run a variant.

    Attributes:
        backend: The name of the backend.
        device: As ``nst run --device`` takes it.
        failure: The file where the process writes one line if it fails.
        run: The run; None to check only whether the backend can be used on the device.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: str
    device: str
    failure: FilePath
    run: RunTask | None = None
