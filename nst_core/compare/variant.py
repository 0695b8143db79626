"""What is compared: the variants, and the settings that all of them share."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict

from nst_core.spec.recipe import Run
from nst_core.system import names


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
        run: The ``[run]`` table: pictures, weights, device, dtype, execution. Its backend is not
            used, because each variant has its own.
        max_pixels: Pictures with more pixels are refused.
        log_every: Steps between two lines of progress.
        quiet: Whether no progress is shown.
        command: What recipes record as the command that made the pictures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: Run
    max_pixels: int
    log_every: int
    quiet: bool
    command: str

    @property
    def content(self) -> str:
        """Path of the content picture."""
        assert self.run.content is not None, "a comparison has a content picture"
        return self.run.content

    @property
    def inputs(self) -> tuple[str, ...]:
        """Paths of all pictures that are read."""
        masks = ([self.run.content_mask] if self.run.content_mask else []) + [*self.run.style_mask]
        return (self.content, *self.run.style, *masks)

    def to_table(self) -> dict[str, Any]:
        """Return the settings as ``report.json`` has them."""
        run = self.run
        return {
            "content": names.to_text(self.content),
            "styles": [names.to_text(style) for style in run.style],
            "style_blend": run.style_blend,
            "content_mask": None if run.content_mask is None else names.to_text(run.content_mask),
            "style_mask": [names.to_text(mask) for mask in run.style_mask],
            "weights": names.to_text(run.weights),
            "device": run.device,
            "dtype": run.dtype,
            "execution": asdict(run.execution),
            "max_pixels": self.max_pixels,
            "command": self.command,
        }
