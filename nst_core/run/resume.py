"""Whether a checkpoint is of the run that is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import PIL.Image

from nst_core.errors import SpecError
from nst_core.problem.masks import Mask
from nst_core.run.checkpoint import Checkpoint, CheckpointError
from nst_core.run.prepared import PreparedRun
from nst_core.run.stepper import Stepper
from nst_core.spec import presets
from nst_core.spec.recipe import checked_run, split
from nst_core.system import toml


def picture_checksums(prepared: PreparedRun) -> dict[str, str]:
    """Return the SHA-256 of every picture that a run works with, by its part: ``content`` ...

    Of the pixels, not the files: a picture may come from Python, and what was read is what counts.
    """
    return {
        name: hashlib.sha256(content).hexdigest()
        for item in fields(prepared)
        for name, content in _parts(item.name, getattr(prepared, item.name))
    }


def check_fits(
    checkpoint: Checkpoint, prepared: PreparedRun, *, pictures: Mapping[str, str]
) -> None:
    """Check that a run may go on from a checkpoint; device, threads and outputs may be others.

    Args:
        checkpoint: Of the run so far.
        prepared: The run that is asked for.
        pictures: Its ``picture_checksums``.

    Raises:
        CheckpointError: one line that says what doesn't fit, and what to do.
    """
    for lack in _misfits(checkpoint, prepared, pictures):
        raise CheckpointError(f"can't resume from {checkpoint.path}: {lack}")


def recipe(checkpoint: Checkpoint, fresh: str) -> str:
    """Return the recipe of a resumed run: as it was begun, if nothing that made it has changed.

    Args:
        checkpoint: What it goes on from; it fits.
        fresh: The recipe as it would be, begun here and now.
    """
    before, now = (
        {**split(toml.loads(text, origin="recipe"))[1]["made_with"], "command": ""}
        for text in (checkpoint.position.recipe, fresh)
    )
    return checkpoint.position.recipe if before == now else fresh


def restore(session: Stepper, checkpoint: Checkpoint) -> None:
    """Put what takes the steps where it was.

    Raises:
        CheckpointError: if the state is not one of its.
    """
    try:
        session.restore(checkpoint.state)
    except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
        raise CheckpointError(
            f"can't resume from {checkpoint.path}: its optimiser's state does not fit "
            f"({' '.join(str(error).split())}): begin anew"
        ) from error


def _misfits(
    checkpoint: Checkpoint, prepared: PreparedRun, pictures: Mapping[str, str]
) -> Iterator[str]:
    """Yield what doesn't fit, and what to do about it."""
    position, plan = checkpoint.position, prepared.plan
    try:
        spec, table = split(checkpoint.recipe)
        run = checked_run(table.get("run", {}))
    except SpecError as error:
        yield f"its recipe is wrong: {error}"
        return
    for name, (before, now) in presets.differing(spec, plan.spec).items():
        yield f"{name} was {before} and is now {now}: leave it as it was, or begin anew"
    if run.backend != prepared.backend.name:
        yield (
            f"it was computed by {run.backend}, not {prepared.backend.name}: "
            "take that backend again"
        )
    if run.dtype != prepared.dtype:
        yield f"it was computed in {run.dtype}, not {prepared.dtype}: take that dtype again"
    made_with = table.get("made_with")
    checksum = made_with.get("weights_sha256") if isinstance(made_with, Mapping) else None
    if checksum != plan.weights_checksum:
        yield f"it was computed with other weights ({run.weights}): give those"
    for part in (*position.pictures, *pictures):
        if position.pictures.get(part) != pictures.get(part):
            yield f"{part} is not the one that it was computed with: give that one"
    if position.stage >= len(plan.sizes) or position.step > plan.spec.stages[position.stage].steps:
        yield "it is past the end of the run: begin anew"
        return
    height, width = plan.sizes[position.stage]
    if checkpoint.initial_image.shape != (height, width, 3):
        shape = checkpoint.initial_image.shape
        yield f"its image is {shape}, not {(height, width, 3)}: begin anew"


def _parts(name: str, value: Any) -> Iterator[tuple[str, bytes]]:
    """Yield every picture in a field of the prepared, and every number that goes with one."""
    if isinstance(value, PIL.Image.Image):
        yield name, f"{value.mode} {value.size}\n".encode() + value.tobytes()
    elif isinstance(value, Mask):
        yield from _parts(name, value.picture)
    elif isinstance(value, float):
        yield name, value.hex().encode()
    elif isinstance(value, tuple) and hasattr(value, "_asdict"):
        for key, item in value._asdict().items():
            yield from _parts(f"{name}.{key}", item)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _parts(f"{name}.{number + 1}", item)
