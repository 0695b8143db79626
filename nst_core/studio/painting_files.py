"""The files of a painting: its picture, its checkpoint and its snapshots."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from nst_core.studio.job import CHECKPOINT, FULL, IMAGE, LIVE, MASTER, PICTURE, THUMB
from nst_core.studio.recorder import snapshot_directory

__all__ = ["FULL", "LIVE", "MASTER", "PICTURE", "START", "THUMB", "snapshot_directory"]

START = "start.png"
"""The picture that a painting goes on from."""

_OF_A_SNAPSHOT = (PICTURE, MASTER, LIVE, THUMB, CHECKPOINT)


def has_checkpoint(directory: Path) -> bool:
    """Whether a painting can go on."""
    return (directory / CHECKPOINT).exists()


def keep_present(directory: Path, step: int) -> bool:
    """Keep the picture as it is as a snapshot, unless there is one; whether there is one then."""
    target = snapshot_directory(directory, step)
    if not (directory / PICTURE).exists() or target.exists():
        return target.exists()
    target.mkdir(parents=True)
    for name in _OF_A_SNAPSHOT:
        if (directory / name).exists():
            copy(directory / name, target / name)
    return True


def unwritten_snapshot(directory: Path, step: int) -> Path | None:
    """Return the directory of a snapshot whose picture has yet to be written; else None."""
    source = snapshot_directory(directory, step)
    missing = not (source / PICTURE).exists() and (source / IMAGE).exists()
    return source if missing else None


def restore(directory: Path, step: int) -> None:
    """Put the files of a snapshot in place of the painting's; what it lacks is removed."""
    source = snapshot_directory(directory, step)
    for name in _OF_A_SNAPSHOT:
        if (source / name).exists():
            copy(source / name, directory / name)
        else:
            (directory / name).unlink(missing_ok=True)
    (directory / FULL).unlink(missing_ok=True)


def picture_of(directory: Path, step: int | None, *, now: int) -> Path | None:
    """Return the file of the picture at a step, or of the present one; None if there is none."""
    places = [directory] if step is None or step == now else []
    if step is not None:
        places.append(snapshot_directory(directory, step))
    return next((place / PICTURE for place in places if (place / PICTURE).exists()), None)


def copy(source: Path, target: Path) -> None:
    """Copy a file; the target is the old or the new one, never a part. Links save space."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:  # a file system without links
        shutil.copyfile(source, temporary)
    temporary.replace(target)
