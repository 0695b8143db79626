"""What is handed to a contestant's process, as JSON."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from nst_core.backend import AUTOMATIC, Execution


class Contestant(BaseModel):
    """One preset on one backend.

    Attributes:
        label: What reports call it.
        preset: The name of its spec.
        backend: The name of its backend.
        spec: Its spec, as ``Spec.to_table`` gives it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    preset: str
    backend: str
    spec: dict[str, Any]

    @property
    def stem(self) -> str:
        """The name of its picture, without the ending."""
        return "result-" + re.sub(r"[^\w.-]+", "-", self.label)


class Setting(BaseModel):
    """What is the same for every contestant.

    Attributes:
        content: Path of the content picture.
        styles: Paths of the style pictures.
        style_blend: Their weights in the blend; equal where it is empty.
        content_mask: Path of the content's label picture.
        style_mask: Paths of the styles' label pictures.
        weights: A source of VGG-19 weights.
        device: As ``nst run --device`` takes it.
        dtype: What everything is computed in.
        execution: How.
        max_pixels: Pictures of more pixels are refused.
        log_every: Steps between two lines of progress.
        quiet: Whether no progress is shown.
        command: What recipes say that the pictures were made by.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: str
    styles: tuple[str, ...]
    style_blend: tuple[float, ...] = ()
    content_mask: str | None = None
    style_mask: tuple[str, ...] = ()
    weights: str
    device: str
    dtype: Literal["float32", "float64"]
    execution: Execution = AUTOMATIC
    max_pixels: int
    log_every: int
    quiet: bool
    command: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Paths of every picture that is read."""
        masks = ([self.content_mask] if self.content_mask else []) + list(self.style_mask)
        return (self.content, *self.styles, *masks)


class Job(BaseModel):
    """One process's work: a trial of a backend (``setting`` is None) or a whole run.

    Attributes:
        backend: The name of the backend.
        device: As ``nst run --device`` takes it.
        failure: Where the process leaves the line that says why it could not do it.
        contestant: Who runs.
        setting: On what.
        directory: Where the picture and the measurement go.
        common: A measurement whose end image the gradient is taken at; None for the own one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: str
    device: str
    failure: Path
    contestant: Contestant | None = None
    setting: Setting | None = None
    directory: Path | None = None
    common: Path | None = None
