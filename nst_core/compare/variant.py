"""What is compared: the variants, and the settings that all of them share."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from nst_core.backend import AUTOMATIC, Execution


class Variant(BaseModel):
    """One preset on one backend.

    Attributes:
        label: Its name in reports.
        preset: The name of its spec.
        backend: The name of its backend.
        spec: Its spec, as ``Spec.to_table`` returns it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    preset: str
    backend: str
    spec: dict[str, Any]

    @property
    def stem(self) -> str:
        """The name of its picture, without the extension."""
        return "result-" + re.sub(r"[^\w.-]+", "-", self.label)


class CommonSettings(BaseModel):
    """What is the same for every variant.

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
        command: What recipes record as the command that made the pictures.
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
        """Paths of all pictures that are read."""
        masks = ([self.content_mask] if self.content_mask else []) + list(self.style_mask)
        return (self.content, *self.styles, *masks)
