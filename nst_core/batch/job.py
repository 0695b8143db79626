"""A job, its record, and the jobs of a batch. All of them are plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from nst_core.batch import masks as masks_module
from nst_core.errors import SpecError
from nst_core.spec import Spec
from nst_core.spec.fields import File
from nst_core.spec.recipe import Run
from nst_core.system.files import display_path

_PICTURES = frozenset({"content", "style", "style_blend", "content_mask", "style_mask"})

Naming: TypeAlias = Literal["content-style", "content"]
"""How the pictures of a batch are named."""


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
        status: ``done``; ``skipped`` if an earlier batch had made the picture; or ``failed``.
        reason: Why the job failed, or a note on the run. One line, usually empty.
        seconds: Wall-clock time, including loading.
        size: (height, width) of the picture in pixels; None if there is none.
        steps: Number of steps taken.
        content_loss: Weighted loss at the last step; None if no step was taken.
        style_loss: The same for the style.
        tv_loss: The same for the total variation.
        warnings: What was found in these pictures or decided for them: see
            ``nst_core.run.observers.Plan``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    content: File
    style: File
    output: File
    status: Literal["done", "skipped", "failed"]
    reason: str = ""
    seconds: float = 0.0
    size: tuple[int, int] | None = None
    steps: int = 0
    content_loss: float | None = None
    style_loss: float | None = None
    tv_loss: float | None = None
    warnings: tuple[str, ...] = ()

    @classmethod
    def skipped(cls, job: Job) -> JobRecord:
        """Return the record of a job whose picture was there already."""
        return cls(content=job.content, style=job.style, output=job.output, status="skipped")

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


def plan(
    contents: Sequence[str],
    styles: Sequence[str],
    *,
    directory: Path,
    extension: str,
    spec: Spec,
    run: Run,
    max_pixels: int,
    command: str,
    content_masks: Path | None = None,
    naming: Naming = "content-style",
    subdirectories: Mapping[str, str] = MappingProxyType({}),
) -> list[Job]:
    """Return one job per pair of content and style. The jobs of one style follow each other.

    Pictures are named ``CONTENT-STYLE.EXTENSION`` or, with the naming ``content``,
    ``CONTENT.EXTENSION``; several styles then have a directory each, ``STYLE/CONTENT.EXTENSION``.

    Args:
        contents: Paths.
        styles: Paths.
        directory: Where the pictures go.
        extension: Of the pictures' names, without the dot.
        spec: The algorithm.
        run: The other settings. Of its pictures only the masks are used: one for all contents,
            and one per style.
        max_pixels: Pictures with more pixels are refused.
        command: What recipes record as the command that made the pictures.
        content_masks: A directory with one mask per content, of the content's name.
        naming: How the pictures are named: ``content-style`` or ``content``.
        subdirectories: By content: the directory below ``directory`` where its pictures go.

    Raises:
        SpecError: if two pictures would get the same name, if one would replace an input, or
            if the masks don't match the pictures.
    """
    masks = masks_module.content_masks(
        contents, common_mask=run.content_mask, directory=content_masks
    )
    style_masks = masks_module.style_masks(styles, run.style_mask, contents=bool(masks))
    # A config may be a recipe. Its pictures are not those of the batch.
    table = run.model_dump(mode="json", exclude_none=True, exclude=set(_PICTURES))
    several = len(dict.fromkeys(styles)) > 1

    def output(content: str, style: str) -> str:
        parent, stem = directory, Path(content).stem
        if naming == "content-style":
            stem = f"{stem}-{Path(style).stem}"
        elif several:
            parent /= Path(style).stem
        return str(parent / subdirectories.get(content, "") / f"{stem}.{extension}")

    jobs = [
        Job(
            content=content,
            style=style,
            output=output(content, style),
            spec=spec.to_table(),
            run=table,
            max_pixels=max_pixels,
            command=command,
            content_mask=masks.get(content),
            style_mask=style_masks.get(style),
        )
        for style in dict.fromkeys(styles)
        for content in dict.fromkeys(contents)
    ]
    _check_outputs(jobs)
    return jobs


def _check_outputs(jobs: Iterable[Job]) -> None:
    """Check that no two jobs write the same file and none replaces an input."""
    by_output: dict[str, Job] = {}
    for job in jobs:
        other = by_output.setdefault(job.output, job)
        if other is not job:
            raise SpecError(
                f"{display_path(job.content)} in {display_path(job.style)} and "
                f"{display_path(other.content)} in {display_path(other.style)} "
                f"would both be {display_path(job.output)}: rename a picture"
            )
    inputs = {Path(path).resolve() for job in by_output.values() for path in job.inputs()}
    for output in by_output:
        if Path(output).resolve() in inputs:
            raise SpecError(
                f"output {display_path(output)} is also an input: name another directory"
            )
