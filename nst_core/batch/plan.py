"""The jobs of a batch. They are made one by one, so that a large batch takes little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, overload

from typing_extensions import override

from nst_core.batch import masks as masks_module
from nst_core.batch.job import Job
from nst_core.errors import SpecError
from nst_core.spec import Spec
from nst_core.spec.recipe import Run
from nst_core.system import storage
from nst_core.system.files import StrPath, display_path, join

_PICTURES = frozenset({"content", "style", "style_blend", "content_mask", "style_mask"})

Naming: TypeAlias = Literal["content-style", "content"]
"""How the pictures of a batch are named."""


class Jobs(Sequence[Job]):
    """One job per pair of content and style; the jobs of one style follow each other.

    A job is made when it is asked for. What is kept is one path per picture that is read.

    Args:
        contents: Paths, each once.
        styles: Paths, each once.
        output: Returns the path of a picture's output, from those of content and style.
        masks: By content: its mask.
        style_masks: By style: its mask.
        common: The other fields of every job.
    """

    def __init__(
        self,
        contents: Sequence[str],
        styles: Sequence[str],
        output: _Output,
        *,
        masks: Mapping[str, str],
        style_masks: Mapping[str, str],
        common: Mapping[str, Any],
    ) -> None:
        self.contents, self.styles = contents, styles
        self._output, self._masks, self._style_masks = output, masks, style_masks
        self._common = common

    @override
    def __len__(self) -> int:
        return len(self.contents) * len(self.styles)

    @overload
    def __getitem__(self, index: int) -> Job: ...
    @overload
    def __getitem__(self, index: slice) -> list[Job]: ...
    @override
    def __getitem__(self, index: int | slice) -> Job | list[Job]:
        if isinstance(index, slice):
            return [self._job(one) for one in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._job(index % len(self))

    def outputs(self) -> Iterator[str]:
        """Yield the path of every picture, in the order of the jobs."""
        for style in self.styles:
            for content in self.contents:
                yield self._output(content, style)

    def inputs(self) -> Iterator[str]:
        """Yield the path of every picture that is read."""
        yield from (*self.contents, *self.styles)
        yield from (*self._masks.values(), *self._style_masks.values())

    def _job(self, number: int) -> Job:
        style = self.styles[number // len(self.contents)]
        content = self.contents[number % len(self.contents)]
        return Job(
            content=content,
            style=style,
            output=self._output(content, style),
            content_mask=self._masks.get(content),
            style_mask=self._style_masks.get(style),
            **self._common,
        )


class _Output:
    """Names the outputs."""

    def __init__(
        self,
        directory: StrPath,
        extension: str,
        naming: Naming,
        *,
        several: bool,
        subdirectories: Mapping[str, str],
    ) -> None:
        self._directory, self._extension, self._naming = directory, extension, naming
        self._several, self._subdirectories = several, subdirectories

    def __call__(self, content: str, style: str) -> str:
        parts, stem = [], Path(content).stem
        if self._naming == "content-style":
            stem = f"{stem}-{Path(style).stem}"
        elif self._several:
            parts.append(Path(style).stem)
        parts += [self._subdirectories.get(content, ""), f"{stem}.{self._extension}"]
        return join(self._directory, *parts)


def plan(
    contents: Sequence[str],
    styles: Sequence[str],
    *,
    directory: StrPath,
    extension: str,
    spec: Spec,
    run: Run,
    max_pixels: int,
    command: str,
    content_masks: StrPath | None = None,
    naming: Naming = "content-style",
    subdirectories: Mapping[str, str] = MappingProxyType({}),
    checkpoint_every: int | None = None,
    batch: str = "",
) -> Jobs:
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
        checkpoint_every: See ``Job``.
        batch: See ``Job``.

    Raises:
        SpecError: if two pictures would get the same name, if one would replace an input, or
            if the masks don't match the pictures.
    """
    masks = masks_module.content_masks(
        contents, common_mask=run.content_mask, directory=content_masks
    )
    style_masks = masks_module.style_masks(styles, run.style_mask, contents=bool(masks))
    unique_styles = list(dict.fromkeys(styles))
    jobs = Jobs(
        list(dict.fromkeys(contents)),
        unique_styles,
        _Output(
            directory,
            extension,
            naming,
            several=len(unique_styles) > 1,
            subdirectories=subdirectories,
        ),
        masks=masks,
        style_masks=style_masks,
        common={
            "spec": spec.to_table(),
            # A config may be a recipe. Its pictures are not those of the batch.
            "run": run.model_dump(mode="json", exclude_none=True, exclude=set(_PICTURES)),
            "max_pixels": max_pixels,
            "command": command,
            "checkpoint_every": checkpoint_every,
            "batch": batch,
        },
    )
    _check_outputs(jobs)
    return jobs


def _check_outputs(jobs: Jobs) -> None:
    """Check that no two jobs write the same file and none replaces an input."""
    by_output: dict[str, int] = {}
    for number, output in enumerate(jobs.outputs()):
        if (other := by_output.setdefault(output, number)) != number:
            one, two = jobs[number], jobs[other]
            raise SpecError(
                f"{display_path(one.content)} in {display_path(one.style)} and "
                f"{display_path(two.content)} in {display_path(two.style)} "
                f"would both be {display_path(output)}: rename a picture"
            )
    inputs = set(_resolved(jobs.inputs()))
    for output in by_output:
        if next(_resolved([output])) in inputs:
            raise SpecError(
                f"output {display_path(output)} is also an input: name another directory"
            )


def _resolved(paths: Iterable[str]) -> Iterator[str]:
    return (
        path if storage.is_url(path) else str(Path(path).resolve()) for path in dict.fromkeys(paths)
    )
