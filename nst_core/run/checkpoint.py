"""Checkpoints: one file with everything that a run needs to continue after it was killed.

The file is a safetensors file. It holds arrays; its metadata holds TOML under ``nst`` and the
SHA-256 of both under ``sha256``. Nothing in it is ever executed. The file is written atomically: if
a run is killed, the file is the previous or the new checkpoint, and always complete.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nst_core.arrays import Array, Image
from nst_core.errors import NstError, SpecError
from nst_core.run.observers import Row
from nst_core.spec import describe
from nst_core.system import safetensors_writer, toml
from nst_core.system.files import StrPath, atomic_writer, check_writable, display_path

_STATE_PREFIX = "state."


class CheckpointError(NstError):
    """A checkpoint can't be read or written, or belongs to another run."""


class Position(BaseModel):
    """The position of a run and its inputs: the TOML of a checkpoint.

    Attributes:
        format: The version of the file's format.
        stage: The number of the stage, counted from 0.
        step: The number of steps taken in this stage, at least 1.
        global_step: The number of steps taken in all stages, at least 1; ``overall`` in the file.
        seconds: The wall-clock time of these steps, 0 or more.
        pictures: Name -> SHA-256 of the pixels of every picture that was read.
        recipe: The recipe of the run, as TOML.
        options: Options of the command line that a resumed run needs.
    """

    # The file has the older name `overall` for `global_step`. Old files must stay readable.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    format: Literal[1] = 1
    stage: Annotated[int, Field(strict=True, ge=0)]
    step: Annotated[int, Field(strict=True, ge=1)]
    global_step: Annotated[int, Field(strict=True, ge=1, alias="overall")]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    pictures: dict[str, str]
    recipe: str
    options: dict[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a run between two steps.

    Attributes:
        position: The position of the run, and its inputs.
        initial_image: The image that the stage started from, (H, W, 3).
        state: The state of the stage's stepper, see ``nst_core.run.stepper``.
        rows: The history so far.
        path: The file that it was read from, for messages.
    """

    position: Position
    initial_image: Image
    state: Mapping[str, Array]
    rows: tuple[Row, ...]
    path: str = field(default="checkpoint", compare=False)

    @property
    def recipe(self) -> dict[str, Any]:
        """The tables of the recipe.

        Raises:
            SpecError: if the recipe is not TOML.
        """
        return toml.loads(self.position.recipe, origin=self.path)


def write(checkpoint: Checkpoint, path: StrPath) -> None:
    """Write a checkpoint. An older file at ``path`` is replaced once the new one is complete.

    Raises:
        CheckpointError: if it can't be written; one line. An older file is then unchanged.
    """
    arrays = {"begin": checkpoint.initial_image, "history": _table(checkpoint.rows)}
    arrays |= {_STATE_PREFIX + name: array for name, array in checkpoint.state.items()}
    # np.ascontiguousarray would turn scalars into arrays of one element.
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = toml.dumps(checkpoint.position.model_dump(mode="json", by_alias=True))
    metadata = {"nst": text, "sha256": _digest(text, arrays)}
    with atomic_writer(path, error=CheckpointError) as temporary:
        safetensors_writer.write(temporary, arrays, metadata=metadata)


def read(path: StrPath) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: if the file is missing or damaged, or is no checkpoint; one line that
            names the file.
    """
    try:
        text, arrays = _read_file(Path(path))
        position = Position.model_validate(toml.loads(text, origin="its metadata"))
        return Checkpoint(
            position=position,
            initial_image=arrays["begin"],
            state={
                name.removeprefix(_STATE_PREFIX): array
                for name, array in arrays.items()
                if name.startswith(_STATE_PREFIX)
            },
            rows=_rows(arrays["history"]),
            path=display_path(path),
        )
    except ValidationError as error:
        reason = describe(error)
    except (CheckpointError, SpecError) as error:
        reason = str(error)
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        reason = f"it lacks what a checkpoint holds ({str(error).splitlines()[0]})"
    raise CheckpointError(f"can't resume from {display_path(path)}: {reason}")


def _read_file(path: Path) -> tuple[str, dict[str, Array]]:
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415

    # Opening a pipe would wait for its writer.
    if not path.is_file():
        raise CheckpointError("it is no file" if path.exists() else "there is no such file")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if "nst" not in metadata:
                raise CheckpointError("it is no checkpoint of nst")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise CheckpointError(f"{error.strerror or error}") from error
    except (SafetensorError, KeyError, TypeError, ValueError) as error:  # e.g. for bfloat16
        raise CheckpointError("it is damaged, or no checkpoint") from error
    for name, array in arrays.items():
        if array.dtype not in (np.float32, np.float64):
            raise CheckpointError(
                f"it holds {array.dtype} as {name[:60]!r}, which nst never writes"
            )
    text = metadata["nst"]
    if metadata.get("sha256") != _digest(text, arrays):
        raise CheckpointError("it is damaged: its checksum does not fit")
    return text, arrays


def _digest(text: str, arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _table(rows: tuple[Row, ...]) -> Array:
    """Return rows as a float64 array (N, number of fields)."""
    return np.array([astuple(row) for row in rows], np.float64).reshape(-1, len(fields(Row)))


def _rows(table: Array) -> tuple[Row, ...]:
    names = [item.name for item in fields(Row)]
    if table.ndim != 2 or table.shape[1] != len(names):
        raise ValueError(f"its history is {table.shape}")
    rows = []
    for values in table.tolist():
        row = dict(zip(names, values, strict=True))
        rows.append(Row(**{**row, "step": int(row["step"]), "stage": int(row["stage"])}))
    return tuple(rows)


DEFAULT_EVERY = 100
"""The default number of steps between two checkpoints."""


def _warn(line: str) -> None:
    warnings.warn(line, RuntimeWarning, stacklevel=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointWriter:
    """Writes the checkpoints of a run, all to the same file.

    Attributes:
        path: The file.
        every: Steps between two checkpoints, counted over all stages, at least 1. One more is
            written when the run is asked to stop.
        options: Data for the caller that resumes; any values that TOML can hold.
        warn: Called with one line if a checkpoint can't be written. The run continues, and the
            older file is unchanged.
    """

    path: StrPath
    every: int = DEFAULT_EVERY
    options: Mapping[str, Any] = field(default_factory=dict)
    warn: Callable[[str], None] = _warn

    def due(self, global_step: int) -> bool:
        """Whether a checkpoint is to be written after this step, counted from 1 over all stages."""
        return global_step % self.every == 0

    def check(self) -> None:
        """Check, before a run, that checkpoints can be written.

        Raises:
            CheckpointError: if they can't; one line.
            ValueError: if ``every`` is less than 1.
        """
        if self.every < 1:
            raise ValueError(f"every = {self.every}: should be 1 or more")
        check_writable(self.path, error=CheckpointError)

    def write(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, or warn if that fails."""
        try:
            write(checkpoint, self.path)
        except CheckpointError as error:
            self.warn(f"{error}; the run goes on without this checkpoint")
