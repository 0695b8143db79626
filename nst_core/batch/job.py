"""A job, the record of what became of it, and the jobs of a batch; all of them plain data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from nst_core.batch import masks as masks_module
from nst_core.errors import SpecError
from nst_core.spec import Spec
from nst_core.spec.recipe import Run
from nst_core.system.files import display_path


class Job(BaseModel):
    """One picture to be made.

    Attributes:
        content: Path of the content picture.
        style: Path of the style picture.
        output: Path of the picture to be written, whose recipe says later that it is done.
        spec: The algorithm, as ``Spec.to_table`` gives it.
        run: The ``[run]`` table, as a config file has it, without pictures.
        max_pixels: Pictures of more pixels are refused.
        command: What recipes say that the pictures were made by.
        content_mask: Path of the content's label picture, if it has one.
        style_mask: Path of the style's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: str
    style: str
    output: str
    spec: dict[str, Any]
    run: dict[str, Any]
    max_pixels: int
    command: str = "nst_core.batch"
    content_mask: str | None = None
    style_mask: str | None = None

    def inputs(self) -> list[str]:
        """Return the paths of all pictures that the job is made of."""
        masks = (self.content_mask, self.style_mask)
        return [self.content, self.style, *(mask for mask in masks if mask is not None)]


class Record(BaseModel):
    """What became of a job.

    Attributes:
        content: The job's.
        style: The job's.
        output: The job's.
        status: ``done``; ``skipped``, because it had been done before; or ``failed``.
        reason: Why it failed, or what the run has to say; one line, mostly empty.
        seconds: Wall-clock time, loading included.
        size: (height, width) of the picture; None if there is none.
        steps: Steps that were taken.
        content_loss: Weighted, as of the last step; None if none was taken.
        style_loss: Likewise.
        tv_loss: Likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    content: str
    style: str
    output: str
    status: Literal["done", "skipped", "failed"]
    reason: str = ""
    seconds: float = 0.0
    size: tuple[int, int] | None = None
    steps: int = 0
    content_loss: float | None = None
    style_loss: float | None = None
    tv_loss: float | None = None

    @classmethod
    def skipped(cls, job: Job) -> Record:
        """Return the record of a job that had been done before."""
        return cls(content=job.content, style=job.style, output=job.output, status="skipped")

    @classmethod
    def failed(cls, job: Job, reason: str, *, seconds: float = 0.0) -> Record:
        """Return the record of a job that was not done."""
        return cls(
            content=job.content,
            style=job.style,
            output=job.output,
            status="failed",
            reason=reason,
            seconds=seconds,
        )


def plan(
    contents: Sequence[str],
    styles: Sequence[str],
    *,
    directory: Path,
    ending: str,
    spec: Spec,
    run: Run,
    max_pixels: int,
    command: str,
    content_masks: Path | None = None,
) -> list[Job]:
    """Return a job for each content in each style, those of a style one after the other.

    Pictures are called ``CONTENT-STYLE.ENDING``.

    Args:
        contents: Paths.
        styles: Paths.
        directory: Where the pictures go.
        ending: Their ending, without the dot.
        spec: The algorithm.
        run: What else is asked for. Of its pictures only the masks count: one for all contents,
            and one for each style.
        max_pixels: Pictures of more pixels are refused.
        command: What recipes say that the pictures were made by.
        content_masks: The directory where each content has a mask of its own, under its name.

    Raises:
        SpecError: if two pictures would have the same name, one would replace an input, or
            the masks don't go with the pictures.
    """
    masks = masks_module.content_masks(
        contents, everyones=run.content_mask, directory=content_masks
    )
    style_masks = masks_module.style_masks(styles, run.style_mask, contents=bool(masks))
    # The pictures of a config, which may be a recipe, are not those of the batch.
    table = run.model_dump(
        mode="json",
        exclude_none=True,
        exclude={"content", "style", "style_blend", "content_mask", "style_mask"},
    )
    jobs: dict[Path, Job] = {}
    for style in dict.fromkeys(styles):
        for content in dict.fromkeys(contents):
            output = directory / f"{Path(content).stem}-{Path(style).stem}.{ending}"
            if output in jobs:
                other = jobs[output]
                raise SpecError(
                    f"{display_path(content)} in {display_path(style)} and "
                    f"{display_path(other.content)} in {display_path(other.style)} "
                    f"would both be {display_path(output)}: rename a picture"
                )
            jobs[output] = Job(
                content=content,
                style=style,
                output=str(output),
                spec=spec.to_table(),
                run=table,
                max_pixels=max_pixels,
                command=command,
                content_mask=masks.get(content),
                style_mask=style_masks.get(style),
            )
    inputs = {Path(path).resolve() for job in jobs.values() for path in job.inputs()}
    for output in jobs:
        if output.resolve() in inputs:
            raise SpecError(
                f"output {display_path(output)} is also an input: name another directory"
            )
    return list(jobs.values())
