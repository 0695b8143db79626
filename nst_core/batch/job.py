"""A job and its record: plain data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from nst_core.spec.fields import File


class Job(BaseModel):
    """One picture to make.

    In JSON, paths are as ``nst_core.system.names.to_text`` writes them.

    Attributes:
        content: Path of the content picture.
        style: Path of the style picture.
        output: Path of the picture to write. Its recipe says later that the job is done.
        spec: The algorithm, as ``Spec.to_table`` returns it.
        run: The ``[run]`` table, as in a config file, without pictures.
        max_pixels: Pictures with more pixels are refused.
        command: What recipes record as the command that made the pictures.
        content_mask: Path of the content's label picture, if it has one.
        style_mask: Path of the style's label picture, if it has one.
        checkpoint_every: Steps between two checkpoints, which are kept beside the output until the
            picture is made; None for none.
        batch: A name of the batch, which no other batch has. A job that this batch has claimed on
            an object store may be run by it again at once, e.g. when its worker has vanished.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: File
    style: File
    output: File
    spec: dict[str, Any]
    run: dict[str, Any]
    max_pixels: int
    command: str = "nst_core.batch"
    content_mask: File | None = None
    style_mask: File | None = None
    checkpoint_every: Annotated[int, Field(ge=1)] | None = None
    batch: str = ""

    def inputs(self) -> list[str]:
        """Return the paths of all pictures that the job reads."""
        masks = (self.content_mask, self.style_mask)
        return [self.content, self.style, *(mask for mask in masks if mask is not None)]


class JobRecord(BaseModel):
    """The result of a job.

    Attributes:
        content: As in the job.
        style: As in the job.
        output: As in the job.
        status: ``done``; ``skipped`` if an earlier batch had made the picture; ``failed``; or
            ``claimed`` if another batch is making it now, which a batch never keeps as its result.
        reason: Why the job failed, or a note on the run. One line, usually empty.
        seconds: Wall-clock time, including loading.
        size: (height, width) of the picture in pixels; None if there is none.
        steps: Number of steps taken.
        content_loss: Weighted loss at the last step; None if no step was taken.
        style_loss: The same for the style.
        tv_loss: The same for the total variation.
        warnings: What was found in these pictures or decided for them: see
            ``nst_core.run.observers.Plan``.
        machine: Name of the machine that ran the job; empty if nothing was run.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    content: File
    style: File
    output: File
    status: Literal["done", "skipped", "failed", "claimed"]
    reason: str = ""
    seconds: float = 0.0
    size: tuple[int, int] | None = None
    steps: int = 0
    content_loss: float | None = None
    style_loss: float | None = None
    tv_loss: float | None = None
    warnings: tuple[str, ...] = ()
    machine: str = ""

    @classmethod
    def skipped(cls, job: Job) -> JobRecord:
        """Return the record of a job whose picture was there already."""
        return cls(content=job.content, style=job.style, output=job.output, status="skipped")

    @classmethod
    def claimed(cls, job: Job) -> JobRecord:
        """Return the record of a job that another batch is running."""
        return cls(
            content=job.content,
            style=job.style,
            output=job.output,
            status="claimed",
            reason="another batch is making this picture now",
        )

    @classmethod
    def failed(cls, job: Job, reason: str, *, seconds: float = 0.0) -> JobRecord:
        """Return the record of a job that made no picture."""
        return cls(
            content=job.content,
            style=job.style,
            output=job.output,
            status="failed",
            reason=reason,
            seconds=seconds,
        )
