"""The files that ``nst run`` writes. They are checked before the run and written at its end."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from nst_core import images
from nst_core.cli.snapshots import Snapshots
from nst_core.errors import PictureError
from nst_core.run.observers import Observer, Row
from nst_core.run.result import Result
from nst_core.system import files


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFiles:
    """The picture and the files that go with it.

    Attributes:
        picture: The picture.
        history: The CSV file of the losses.
        plot: The PNG file with the losses.
        save_every: Steps between two snapshots.
        checkpoint: The file of checkpoints.
        output: What the picture's file is asked to hold.
    """

    picture: Path
    history: Path | None
    plot: Path | None
    save_every: int | None
    checkpoint: Path | None
    output: images.Output

    def check(self, *, inputs: Sequence[str]) -> None:
        """Find out before the run whether every file can be written.

        Args:
            inputs: Files that are read.

        Raises:
            NstError: one line.
        """
        images.check_output(self.picture, self.output)
        if self.history:
            files.check_writable(self.history)
        if self.plot:
            images.check_output(self.plot)
        if self.save_every:
            Snapshots(self.picture, every=self.save_every).check(inputs=inputs)
        self._check_names(inputs)

    def _check_names(self, inputs: Sequence[str]) -> None:
        """Check that no file is an input and no two are the same."""
        all_files = {
            "output": self.picture,
            "history": self.history,
            "plot": self.plot,
            "checkpoint": self.checkpoint,
        }
        written = {name: path for name, path in all_files.items() if path}
        for name, path in written.items():
            if any(_same(path, other) for other in inputs):
                raise PictureError(
                    f"{name} {files.display_path(path)} is also an input: name another"
                )
        if len({path.resolve() for path in written.values()}) < len(written):
            raise PictureError(
                "output, history, plot and checkpoint need a file each: two have the same name"
            )

    def observers(self) -> list[Observer]:
        """Return the observers that write during the run."""
        return [Snapshots(self.picture, every=self.save_every)] if self.save_every else []

    def save(self, result: Result) -> None:
        """Write all files, the picture first.

        Raises:
            NstError: if a file can't be written. The picture is then saved elsewhere.
        """
        result.save_with_fallback(self.picture)
        if self.history:
            write_history(result.history, self.history)
        if self.plot:
            # Importing matplotlib takes half a second.
            from nst_core.run.loss_plot import write_plot  # noqa: PLC0415

            write_plot(result, self.plot)


def _same(one: Path, other: str) -> bool:
    """Whether both names, or links, lead to the same file; False if one does not exist."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def write_history(rows: Sequence[Row], path: Path) -> None:
    """Write rows as CSV, with a header."""
    with (
        files.atomic_writer(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, [field.name for field in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
