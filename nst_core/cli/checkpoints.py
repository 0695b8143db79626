"""``--checkpoint`` and ``--resume``: what a checkpoint remembers of the command line."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from nst_core.cli.streams import say
from nst_core.run import checkpoint
from nst_core.run.checkpoint import Checkpoint, CheckpointError, CheckpointWriter
from nst_core.spec.recipe import Run
from nst_core.system.files import display_path

F = TypeVar("F", bound=Callable[..., Any])

_FILES = ("output", "history", "plot")
_NUMBERS = ("log_every", "save_every", "max_pixels", "checkpoint_every")


def options(function: F) -> F:
    """Decorate a command with --checkpoint, --checkpoint-every and --resume."""
    path = click.Path(path_type=Path)
    for name, attributes in (
        ("--resume", {"type": path, "help": "Go on from a checkpoint, to the same outputs."}),
        (
            "--checkpoint-every",
            {
                "type": click.IntRange(min=1),
                "default": checkpoint.EVERY,
                "show_default": True,
                "metavar": "N",
                "help": "Steps between two checkpoints.",
            },
        ),
        ("--checkpoint", {"type": path, "help": "Keep what is needed to go on after a kill."}),
    ):
        metavar = {} if "metavar" in attributes else {"metavar": "FILE"}
        function = click.option(name, **attributes, **metavar)(function)  # type: ignore[arg-type]
    return function


def read(resume: Path | None) -> Checkpoint | None:
    """Return the checkpoint that ``--resume`` names.

    Raises:
        CheckpointError: if it is not one.
    """
    return None if resume is None else checkpoint.read(resume)


def table(point: Checkpoint | None, *, preset: str | None) -> dict[str, Any]:
    """Return a checkpoint's recipe as a config file's table, its paths good in any directory.

    With a preset that was asked for anew, only what is not the spec: the whole command may be
    given again with ``--resume`` added.
    """
    if point is None:
        return {}
    recipe = point.recipe
    run = recipe.get("run")
    if isinstance(run, Mapping):
        given = point.position.options.get("run")
        recipe["run"] = {**run, **(given if isinstance(given, Mapping) else {})}
    return recipe if preset is None else {"run": recipe.get("run", {})}


def remembered(point: Checkpoint | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` of options, those not given on the command line as the checkpoint has them.

    Args:
        point: The checkpoint that is resumed, if one is.
        values: By the options' names; those of files and intervals.

    Raises:
        CheckpointError: if it names a file that no checkpoint may name.
    """
    kept = point.position.options if point else {}
    context = click.get_current_context()
    source, resume = context.get_parameter_source, context.params["resume"]
    found = dict(values)
    for name in (*_FILES, *_NUMBERS):
        if name in kept and source(name) is not ParameterSource.COMMANDLINE:
            value = kept[name]
            if name in _FILES and isinstance(value, str):
                found[name] = _harmless(name, Path(value), resume=resume)
            elif name in _NUMBERS and isinstance(value, int) and value > 0:
                found[name] = value
    return found


def _harmless(name: str, path: Path, *, resume: Path) -> Path:
    """Return a file that a checkpoint says to write, where that can't surprise whoever resumes it.

    A checkpoint may have come from anyone. What it names is written only beside it or below, or
    below the working directory; and over no script or setting by the name of a history.

    Raises:
        CheckpointError: with the option to give if it is meant.
    """
    places = [Path.cwd(), Path(os.path.abspath(resume)).parent]  # noqa: PTH100 - links stay links
    full = Path(os.path.abspath(path))  # noqa: PTH100 - and .. is gone
    with suppress(OSError, ValueError, RuntimeError):  # no usable path, as is said later
        places += [place.resolve() for place in places]
    near = any(full.is_relative_to(place) for place in places)
    if near and (name != "history" or path.suffix.lower() == ".csv"):
        return path
    where = "is no .csv file" if near else "is neither beside it nor below this directory"
    raise CheckpointError(
        f"{display_path(resume)} says to write its {name} to {display_path(path)}, which {where}; "
        f"if you mean that, add --{name} {shlex.quote(display_path(path))}"
    )


def keep(
    path: Path | None,
    *,
    values: Mapping[str, Any],
    run: Run,
    pictures: tuple[str, Sequence[str]],
) -> CheckpointWriter | None:
    """Return how checkpoints are kept; None where ``path`` is.

    Args:
        path: Of ``--checkpoint``, or else of ``--resume``.
        values: As from ``remembered``, the output's name filled in.
        run: The [run] table.
        pictures: The paths of content and styles.
    """
    if path is None:
        return None
    content, styles = pictures
    files = {name: _absolute(values[name]) for name in _FILES if values[name] is not None}
    numbers = {name: values[name] for name in _NUMBERS if values[name] is not None}
    again: dict[str, Any] = {
        "content": _absolute(content),
        "style": [_absolute(style) for style in styles],
        "device": run.device,
    }
    if run.content_mask is not None:
        again["content_mask"] = _absolute(run.content_mask)
    if run.style_mask:
        again["style_mask"] = [_absolute(mask) for mask in run.style_mask]
    return CheckpointWriter(
        path=path,
        every=values["checkpoint_every"],
        options={**files, **numbers, "run": again},
        warn=lambda line: say(f"nst: warning: {line}", err=True),
    )


def _absolute(path: str | Path) -> str:
    # What is no Unicode can't be held by TOML; resumed, it is then not found, and said to be.
    return str(Path(path).absolute()).encode("utf-8", "backslashreplace").decode()
