"""``--checkpoint`` and ``--resume``: the options that a checkpoint keeps, and their use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from nst_core.run import checkpoint
from nst_core.run.checkpoint import Checkpoint, CheckpointError, CheckpointWriter
from nst_core.spec.recipe import Run
from nst_core.system import names
from nst_core.system.files import display_path
from nst_core.terminal.streams import warn

_FILES = ("output", "history", "plot")
_NUMBERS = ("log_every", "save_every", "max_pixels", "checkpoint_every")


def read(resume: Path | None) -> Checkpoint | None:
    """Return the checkpoint that ``--resume`` names.

    Raises:
        CheckpointError: if the file is not a checkpoint.
    """
    return None if resume is None else checkpoint.read(resume)


def config_table(point: Checkpoint | None, *, preset: str | None) -> dict[str, Any]:
    """Return a checkpoint's recipe as the table of a config file, with absolute paths.

    If a preset is given, only the ``[run]`` table is returned, without the spec. So a whole
    command may be repeated with ``--resume`` added.
    """
    if point is None:
        return {}
    recipe = point.recipe
    run = recipe.get("run")
    if isinstance(run, Mapping):
        given = point.position.options.get("run")
        recipe["run"] = {**run, **(given if isinstance(given, Mapping) else {})}
    return recipe if preset is None else {"run": recipe.get("run", {})}


def from_checkpoint(point: Checkpoint | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of options; those not given on the command line come from the checkpoint.

    Args:
        point: The checkpoint to resume from, if any.
        values: By the options' names: those of files and intervals.

    Raises:
        CheckpointError: if the checkpoint names a file that no checkpoint may name.
    """
    kept = point.position.options if point else {}
    context = click.get_current_context()
    source, resume = context.get_parameter_source, context.params["resume"]
    result = dict(values)
    for name in (*_FILES, *_NUMBERS):
        if name in kept and source(name) is not ParameterSource.COMMANDLINE:
            value = kept[name]
            if name in _FILES and isinstance(value, str):
                result[name] = _check_safe_path(name, Path(names.from_text(value)), resume=resume)
            elif name in _NUMBERS and isinstance(value, int) and value > 0:
                result[name] = value
    return result


def _check_safe_path(name: str, path: Path, *, resume: Path) -> Path:
    """Return an output path of a checkpoint, if it can't surprise the user who resumes.

    A checkpoint may come from anyone. Its outputs must lie beside the checkpoint, below its
    directory, or below the working directory. A history must be a .csv file, so that it can't
    replace a script or a file of settings.

    Raises:
        CheckpointError: one line, with the option to give if the path is intended.
    """
    allowed = [Path.cwd(), Path(os.path.abspath(resume)).parent]  # noqa: PTH100 - links stay links
    full = Path(os.path.abspath(path))  # noqa: PTH100 - and .. is resolved
    with suppress(OSError, ValueError, RuntimeError):  # an unusable path is reported later
        allowed += [directory.resolve() for directory in allowed]
    near = any(full.is_relative_to(directory) for directory in allowed)
    if near and (name != "history" or path.suffix.lower() == ".csv"):
        return path
    reason = "is no .csv file" if near else "is neither beside it nor below this directory"
    raise CheckpointError(
        f"{display_path(resume)} says to write its {name} to {display_path(path)}, which {reason}; "
        f"if you mean that, add --{name} {names.shell_quote(path)}"
    )


def writer(
    path: Path | None,
    *,
    values: Mapping[str, Any],
    run: Run,
) -> CheckpointWriter | None:
    """Return what writes the checkpoints; None if ``path`` is None.

    Args:
        path: The file of ``--checkpoint``, or else of ``--resume``.
        values: As ``from_checkpoint`` returns them.
        run: The ``[run]`` table, with its pictures.
    """
    if path is None:
        return None
    files = {name: _absolute(values[name]) for name in _FILES if values[name] is not None}
    numbers = {name: values[name] for name in _NUMBERS if values[name] is not None}
    inputs: dict[str, Any] = {
        "style": [_absolute(style) for style in run.style],
        "device": run.device,
    }
    if run.content is not None:
        inputs["content"] = _absolute(run.content)
    if run.content_mask is not None:
        inputs["content_mask"] = _absolute(run.content_mask)
    if run.style_mask:
        inputs["style_mask"] = [_absolute(mask) for mask in run.style_mask]
    return CheckpointWriter(
        path=path,
        every=values["checkpoint_every"],
        options={**files, **numbers, "run": inputs},
        warn=warn,
    )


def _absolute(path: str | Path) -> str:
    return names.to_text(Path(path).absolute())
