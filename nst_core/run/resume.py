"""Checks that a checkpoint belongs to a run, and restores the run's stepper from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import PIL.Image

from nst_core.backend import Query
from nst_core.errors import SpecError
from nst_core.problem.masks import Mask
from nst_core.run.checkpoint import Checkpoint, CheckpointError
from nst_core.run.matching_stepper import query_of
from nst_core.run.prepared import PreparedRun
from nst_core.run.stepper import Stepper
from nst_core.spec import presets
from nst_core.spec.recipe import checked_run, split
from nst_core.system import toml


def picture_checksums(prepared: PreparedRun) -> dict[str, str]:
    """Return name -> SHA-256 of every picture of a run: ``content``, ``styles.1.picture`` ...

    The checksums are those of the pixels and not of the files, because a picture may come from
    Python.
    """
    return {
        name: hashlib.sha256(content).hexdigest()
        for item in fields(prepared)
        for name, content in _picture_bytes(item.name, getattr(prepared, item.name))
    }


def check_fits(
    checkpoint: Checkpoint, prepared: PreparedRun, *, pictures: Mapping[str, str]
) -> None:
    """Check that a run may resume from a checkpoint. Device, threads and outputs may differ.

    Args:
        checkpoint: The checkpoint.
        prepared: The run that is to resume.
        pictures: The ``picture_checksums`` of this run.

    Raises:
        CheckpointError: if the checkpoint belongs to another run; one line that says what differs
            and what to do.
    """
    for mismatch in _mismatches(checkpoint, prepared, pictures):
        raise CheckpointError(f"can't resume from {checkpoint.path}: {mismatch}")


def resumed_recipe(checkpoint: Checkpoint, new_recipe: str) -> str:
    """Return the recipe of a resumed run.

    It is the checkpoint's recipe, unless versions, device or weights have changed since.

    Args:
        checkpoint: The checkpoint, which belongs to the run.
        new_recipe: The recipe of the same run without the checkpoint.
    """
    before, now = (
        {**split(toml.loads(text, origin="recipe"))[1]["made_with"], "command": ""}
        for text in (checkpoint.position.recipe, new_recipe)
    )
    return checkpoint.position.recipe if before == now else new_recipe


def stored_query(checkpoint: Checkpoint) -> Query | None:
    """Return where nearest neighbours were sought; None if the checkpoint holds no query.

    A query that does not fit the stage is left to ``restore_stepper``, which refuses it.
    """
    try:
        query = query_of(checkpoint.state)
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return query if query.image.shape == checkpoint.initial_image.shape else None


def restore_stepper(stepper: Stepper, checkpoint: Checkpoint) -> None:
    """Restore a stepper from a checkpoint.

    Raises:
        CheckpointError: if the state in the checkpoint is not one of this stepper; one line.
    """
    try:
        stepper.restore(checkpoint.state)
    except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
        raise CheckpointError(
            f"can't resume from {checkpoint.path}: its optimiser's state does not fit "
            f"({' '.join(str(error).split())}): start a new run"
        ) from error


def _mismatches(
    checkpoint: Checkpoint, prepared: PreparedRun, pictures: Mapping[str, str]
) -> Iterator[str]:
    """Yield each difference between checkpoint and run, with what to do about it."""
    position, plan = checkpoint.position, prepared.plan
    try:
        spec, table = split(checkpoint.recipe)
        run = checked_run(table.get("run", {}))
        # The plan's own spec lacks the stages that the content is too small for.
        new_spec, _ = split(toml.loads(plan.recipe, origin="recipe"))
        size = {"height": prepared.content.height, "width": prepared.content.width}
        spec, new_spec = spec.for_content(**size), new_spec.for_content(**size)
    except SpecError as error:
        yield f"its recipe is wrong: {error}"
        return
    for name, (before, now) in presets.spec_differences(spec, new_spec).items():
        yield f"{name} was {before} and is now {now}: leave it as it was, or start a new run"
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
        yield f"it was computed with other weights ({run.weights}): give the same weights"
    for name in (*position.pictures, *pictures):
        if position.pictures.get(name) != pictures.get(name):
            yield f"{name} is not the one that it was computed with: give the same one"
    if position.stage >= len(plan.sizes) or position.step > plan.spec.stages[position.stage].steps:
        yield "it is past the end of the run: start a new run"
        return
    height, width = plan.sizes[position.stage]
    if checkpoint.initial_image.shape != (height, width, 3):
        shape = checkpoint.initial_image.shape
        yield f"its image is {shape}, not {(height, width, 3)}: start a new run"


def _picture_bytes(name: str, value: Any) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of each picture in a field of ``PreparedRun``, and of its weight."""
    if isinstance(value, PIL.Image.Image):
        yield name, f"{value.mode} {value.size}\n".encode() + value.tobytes()
    elif isinstance(value, Mask):
        yield from _picture_bytes(name, value.picture)
    elif isinstance(value, float):
        yield name, value.hex().encode()
    elif isinstance(value, tuple) and hasattr(value, "_asdict"):
        for key, item in value._asdict().items():
            yield from _picture_bytes(f"{name}.{key}", item)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _picture_bytes(f"{name}.{number + 1}", item)
