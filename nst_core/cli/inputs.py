"""The files that a command reads, and its command line."""

from __future__ import annotations

import sys
from pathlib import Path

from nst_core import demo
from nst_core.problem.styles import check_blend
from nst_core.spec.recipe import Config, Run
from nst_core.system import names


def with_pictures(run: Run) -> Run:
    """Return a ``[run]`` table with content and style; those of the demo pair where none are given.

    Raises:
        SpecError: if the blend has not one weight per style.
    """
    content, styles = run.content or str(demo.landscape()), run.style or (str(demo.painting()),)
    check_blend(run.style_blend, styles=len(styles))
    return run.model_copy(update={"content": content, "style": styles})


def pictures(run: Run) -> tuple[str, ...]:
    """Return the paths of content and styles."""
    return (*([run.content] if run.content else []), *run.style)


def masks(run: Run) -> tuple[str, ...]:
    """Return the paths of the label pictures."""
    return (*([run.content_mask] if run.content_mask else []), *run.style_mask)


def files(settings: Config, *, config: Path | None) -> list[str]:
    """Return all files that a run reads. None of them may be overwritten.

    A source of weights or a start image that is a word, and no file, is among them too; it does
    no harm, because no file has that name.
    """
    run = settings.run
    words = (run.weights.removeprefix("caffe:"), settings.spec.start.image)
    return [*pictures(run), *masks(run), *words, *([str(config)] if config else [])]


def command_line() -> str:
    """Return the command line for the recipe, quoted so that a shell takes it again."""
    return names.shell_join(["nst", *sys.argv[1:]])
