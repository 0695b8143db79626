"""The files that a command reads, and its command line."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from nst_core import demo
from nst_core.recipe import Config, Run
from nst_core.styles import check_blend


def pictures(run: Run) -> tuple[str, tuple[str, ...]]:
    """Return the paths of content and styles; those of the demo pair where none are given.

    Raises:
        SpecError: if the blend has not one weight per style.
    """
    styles = run.style or (str(demo.painting()),)
    check_blend(run.style_blend, styles=len(styles))
    return run.content or str(demo.landscape()), styles


def files(settings: Config, *, config: Path | None) -> list[str]:
    """Return all files that a run reads. None of them may be overwritten.

    A source of weights or a start image that is a word, and no file, is among them too; it does
    no harm, because no file has that name.
    """
    content, styles = pictures(settings.run)
    words = (settings.run.weights.removeprefix("caffe:"), settings.spec.start.image)
    return [content, *styles, *masks(settings.run), *words, *([str(config)] if config else [])]


def masks(run: Run) -> tuple[str, ...]:
    """Return the paths of the label pictures."""
    return (*([run.content_mask] if run.content_mask else []), *run.style_mask)


def command_line() -> str:
    """Return the command line for the recipe, quoted so that a shell takes it again."""
    return shlex.join(["nst", *sys.argv[1:]])
