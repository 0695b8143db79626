"""The table of a batch, ``batch.csv`` and ``batch.json`` in the output directory.

Records come in any order and are not kept in memory: they are appended to a temporary file. From it
the table is written anew from time to time, and at the end, in the order of the jobs. So whoever
reads the table while the batch runs sees a whole table of what has ended by then.
"""

from __future__ import annotations

import csv
import json
import tempfile
import time
from array import array
from collections.abc import Iterator
from typing import IO

from nst_core.batch.job import JobRecord
from nst_core.system import files
from nst_core.system.files import StrPath

CSV, JSON = "batch.csv", "batch.json"

_LEAST_SECONDS = 10.0
_MOST_SHARE = 0.01
"""The share of the time that writing tables may take."""


class Table:
    """Writes the table of a batch.

    Args:
        directory: The output directory. The tables of an earlier batch are replaced.
    """

    def __init__(self, directory: StrPath) -> None:
        self._csv, self._json = (files.join(directory, name) for name in (CSV, JSON))
        self._spool: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by ``close``
        self._offsets = array("q")  # by number of the job: where its line begins; -1: not there
        self._due = time.monotonic() + _LEAST_SECONDS

    def check(self) -> None:
        """Check, before the batch begins, that the table can be written.

        Raises:
            FileError: if it can't; one line.
        """
        for path in (self._csv, self._json):
            files.check_writable(path)

    def add(self, number: int, record: JobRecord) -> None:
        """Add the record of job ``number``, counted from 0; write the table if that is due.

        Raises:
            FileError: as ``write``.
        """
        if number >= len(self._offsets):
            self._offsets.extend([-1] * (number + 1 - len(self._offsets)))
        self._offsets[number] = self._spool.seek(0, 2)
        self._spool.write(record.model_dump_json().encode() + b"\n")
        if time.monotonic() >= self._due:
            self.write()

    def records(self) -> Iterator[JobRecord]:
        """Yield all records so far, in the order of the jobs."""
        for offset in self._offsets:
            if offset >= 0:
                self._spool.seek(offset)
                yield JobRecord.model_validate_json(self._spool.readline())

    def write(self) -> None:
        """Write ``batch.csv`` and ``batch.json`` from the records so far.

        Raises:
            FileError: if one can't be written. An older one is then unchanged.
        """
        began = time.monotonic()
        with (
            files.atomic_writer(self._csv) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as stream,
        ):
            writer = csv.DictWriter(stream, list(JobRecord.model_fields))
            writer.writeheader()
            writer.writerows(map(_row, self.records()))
        with (
            files.atomic_writer(self._json) as temporary,
            temporary.open("w", encoding="utf-8") as stream,
        ):
            stream.writelines(_json_list(self.records()))
        now = time.monotonic()
        self._due = now + max(_LEAST_SECONDS, (now - began) / _MOST_SHARE)

    def close(self) -> None:
        """Remove the temporary file."""
        self._spool.close()


def _row(record: JobRecord) -> dict[str, object]:
    row = record.model_dump(mode="json")
    size = "x".join(map(str, row["size"])) if row["size"] else ""
    return {**row, "size": size, "warnings": "; ".join(row["warnings"])}


def _json_list(records: Iterator[JobRecord]) -> Iterator[str]:
    """Yield the pieces of ``json.dumps(records, indent=1)``."""
    separator = "\n"
    yield "["
    for record in records:
        text = json.dumps(record.model_dump(mode="json"), indent=1)
        yield separator + "\n".join(f" {line}" for line in text.splitlines())
        separator = ",\n"
    yield "]\n" if separator == "\n" else "\n]\n"
