"""The files that ``nst run`` writes: checked before the run, written whole at its end."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from nst_core import files, images
from nst_core.errors import NstError, PictureError
from nst_core.observers import Observer, Plan, Row, Step
from nst_core.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where the picture goes, and what else was asked for."""

    picture: Path
    history: Path | None
    plot: Path | None
    save_every: int | None
    checkpoint: Path | None
    output: images.Output

    def check(self, *, inputs: Sequence[str]) -> None:
        """Find out before the run what would fail after it.

        Raises:
            NstError: one line.
        """
        images.check_output(self.picture, self.output)
        for path in inputs:
            if self.picture.exists() and Path(path).exists() and self.picture.samefile(path):
                raise PictureError(f"output {self.picture} is also an input: name another output")
        if self.history:
            files.check_writable(self.history)
        if self.plot:
            images.check_output(self.plot)
        written = (self.picture, self.history, self.plot, self.checkpoint)
        named = [path.resolve() for path in written if path]
        if len(set(named)) < len(named):
            raise PictureError(
                "output, history, plot and checkpoint need a file each: two have the same name"
            )

    def observers(self) -> list[Observer]:
        """Return the observers that write while the run goes on."""
        return [Snapshots(self.picture, every=self.save_every)] if self.save_every else []

    def save(self, result: Result) -> None:
        """Write everything, the picture first.

        Raises:
            NstError: if something can't be written. A picture is then saved elsewhere.
        """
        try:
            result.save(self.picture)
        except PictureError as error:
            raise PictureError(f"{error}; {_rescue(result, self.picture)}") from error
        if self.history:
            write_history(result.history, self.history)
        if self.plot:
            # matplotlib takes half a second to import.
            from nst_core.plot import write_plot  # noqa: PLC0415

            write_plot(result, self.plot)


def _rescue(result: Result, path: Path) -> str:
    """Save the picture in the directory for temporary files, rather than lose it."""
    spare = Path(tempfile.mkdtemp(prefix="nst-")) / path.name
    try:
        result.save(spare)
    except NstError:
        return "and it could not be saved elsewhere either"
    return f"the picture was saved as {spare}"


def write_history(rows: Sequence[Row], path: Path) -> None:
    """Write rows as CSV, with a header."""
    with (
        files.atomic_writer(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, [field.name for field in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


class Snapshots(Observer):
    """Saves the image every so many steps, as ``NAME-00050.png`` beside the output."""

    def __init__(self, path: Path, *, every: int) -> None:
        self._path = path
        self._every = every
        self._plan: Plan | None = None

    def started(self, plan: Plan) -> None:
        """Keep the plan: snapshots carry its recipe as well."""
        self._plan = plan

    def stepped(self, step: Step) -> None:
        """Save a snapshot, if it is due."""
        if self._plan is not None and step.overall % self._every == 0:
            path = self._path.with_name(f"{self._path.stem}-{step.overall:05d}{self._path.suffix}")
            images.write(step.image, path, recipe=self._plan.recipe, finish=self._plan.finish)
