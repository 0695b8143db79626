"""What every command that paints is given: its pictures, a config, a preset."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from nst_core import demo, images
from nst_core.problem.styles import check_blend
from nst_core.spec.recipe import Config, Run

F = TypeVar("F", bound=Callable[..., Any])


def arguments(function: F) -> F:
    """Decorate a command with the arguments CONTENT and STYLE..., all optional."""
    return click.argument("content", required=False)(
        click.argument("style", nargs=-1, metavar="[STYLE]...")(function)
    )


def algorithm(function: F) -> F:
    """Decorate a command with --config and --preset."""
    config = click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="TOML with a spec's tables and [run]; or a recipe.",
    )
    preset = click.option("--preset", metavar="NAME", help="The algorithm; see `nst presets`.")
    return config(preset(function))


def max_pixels(function: F) -> F:
    """Decorate a command with --max-pixels."""
    return click.option(
        "--max-pixels",
        type=click.IntRange(min=1),
        default=images.MAX_PIXELS,
        show_default=True,
        help="Refuse pictures of more pixels.",
    )(function)


def pictures(run: Run) -> tuple[str, tuple[str, ...]]:
    """Return the paths of content and styles, which default to the demo pair's.

    Raises:
        SpecError: if the blend has not a weight for every style.
    """
    styles = run.style or (str(demo.painting()),)
    check_blend(run.style_blend, styles=len(styles))
    return run.content or str(demo.landscape()), styles


def files(settings: Config, *, config: Path | None) -> list[str]:
    """Return all files that a run reads, of which none may be written over."""
    content, styles = pictures(settings.run)
    # A weights source or a start that is a word is just no file's name.
    words = (settings.run.weights.removeprefix("caffe:"), settings.spec.start.image)
    return [content, *styles, *masks(settings.run), *words, *([str(config)] if config else [])]


def masks(run: Run) -> tuple[str, ...]:
    """Return the paths of the label pictures."""
    return (*([run.content_mask] if run.content_mask else []), *run.style_mask)


def command_line() -> str:
    """Return how nst was called, for the recipe, as a shell would take it again."""
    return shlex.join(["nst", *sys.argv[1:]])
