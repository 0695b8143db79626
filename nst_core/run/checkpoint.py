"""Checkpoints: all that a run needs to go on after it was killed, in one file.

The file is safetensors: arrays, and in its metadata TOML under ``nst`` and the SHA-256 of both
under ``sha256``. Nothing in it is ever executed. It appears whole or not at all, so that whatever
kills a run leaves the checkpoint before or the new one.
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

_STATE = "state."


class CheckpointError(NstError):
    """A checkpoint can't be read or written, or is of another run."""


class Position(BaseModel):
    """Where a run stands, and what it was given; the TOML of a checkpoint.

    Attributes:
        format: Of the file.
        stage: Counted from 0.
        step: Steps taken in it.
        global_step: Steps taken in all stages; ``overall`` in the file.
        seconds: What they took.
        pictures: SHA-256 of the pixels of every picture that was read, by its part.
        recipe: The recipe that goes with the picture, as TOML.
        options: What the command line wants to know again.
    """

    # The name in the file is older than that in the code. Files with it must stay readable.
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
    """A run between two steps.

    Attributes:
        position: Where it stands.
        initial_image: What the stage started from, (H, W, 3).
        state: What takes the steps, see ``nst_core.run.stepper``.
        rows: The history so far.
        path: Where it was read from, for messages.
    """

    position: Position
    initial_image: Image
    state: Mapping[str, Array]
    rows: tuple[Row, ...]
    path: str = field(default="checkpoint", compare=False)

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe's tables.

        Raises:
            SpecError: if it is not TOML.
        """
        return toml.loads(self.position.recipe, origin=self.path)


def write(checkpoint: Checkpoint, path: StrPath) -> None:
    """Write a checkpoint; one that is there is replaced when this one is whole.

    Raises:
        CheckpointError: one line; what was there is then still whole.
    """
    arrays = {"begin": checkpoint.initial_image, "history": _table(checkpoint.rows)}
    arrays |= {_STATE + name: array for name, array in checkpoint.state.items()}
    # Not ascontiguousarray, which makes arrays of scalars.
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = toml.dumps(checkpoint.position.model_dump(mode="json", by_alias=True))
    metadata = {"nst": text, "sha256": _digest(text, arrays)}
    with atomic_writer(path, error=CheckpointError) as temporary:
        safetensors_writer.write(temporary, arrays, metadata=metadata)


def read(path: StrPath) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: one line that names the file: it is missing, damaged or something else.
    """
    try:
        text, arrays = _read(Path(path))
        position = Position.model_validate(toml.loads(text, origin="its metadata"))
        return Checkpoint(
            position=position,
            initial_image=arrays["begin"],
            state={
                name.removeprefix(_STATE): array
                for name, array in arrays.items()
                if name.startswith(_STATE)
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


def _read(path: Path) -> tuple[str, dict[str, Array]]:
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415

    # To open a pipe would be to wait for its other end.
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
    except (SafetensorError, KeyError, TypeError, ValueError) as error:  # bfloat16, for one
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
    """Return rows as float64 (N, fields)."""
    return np.array([astuple(row) for row in rows], np.float64).reshape(-1, len(fields(Row)))


def _rows(table: Array) -> tuple[Row, ...]:
    names = [item.name for item in fields(Row)]
    if table.ndim != 2 or table.shape[1] != len(names):
        raise ValueError(f"its history is {table.shape}")
    found = []
    for values in table.tolist():
        row = dict(zip(names, values, strict=True))
        found.append(Row(**{**row, "step": int(row["step"]), "stage": int(row["stage"])}))
    return tuple(found)


EVERY = 100


def _warn(line: str) -> None:
    warnings.warn(line, RuntimeWarning, stacklevel=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointWriter:
    """Where a run keeps its checkpoints, and how often it writes one.

    Attributes:
        path: The file.
        every: Steps between two, counted over all stages; one more is written when a run is
            told to stop.
        options: Plain data that goes with them, for whoever resumes.
        warn: Told in one line when one could not be written: the run goes on, and the file that
            was there is still whole.
    """

    path: StrPath
    every: int = EVERY
    options: Mapping[str, Any] = field(default_factory=dict)
    warn: Callable[[str], None] = _warn

    def check(self) -> None:
        """Find out before a run whether checkpoints can be written.

        Raises:
            CheckpointError: if not.
            ValueError: if ``every`` is less than 1.
        """
        if self.every < 1:
            raise ValueError(f"every = {self.every}: should be 1 or more")
        check_writable(self.path, error=CheckpointError)

    def write(self, checkpoint: Checkpoint) -> None:
        """Write one."""
        try:
            write(checkpoint, self.path)
        except CheckpointError as error:
            self.warn(f"{error}; the run goes on without this checkpoint")
