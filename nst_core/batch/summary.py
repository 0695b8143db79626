"""The summary of a batch: ``batch.csv`` and ``batch.json`` in the output directory."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from nst_core.batch.job import JobRecord
from nst_core.system import files

CSV, JSON = "batch.csv", "batch.json"


def write(records: Sequence[JobRecord], directory: Path) -> None:
    """Write ``batch.csv`` and ``batch.json``. Those of an earlier batch are replaced.

    Raises:
        FileError: if one can't be written.
    """
    rows = [record.model_dump(mode="json") for record in records]
    with (
        files.atomic_writer(directory / CSV) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, list(JobRecord.model_fields))
        writer.writeheader()
        for row in rows:
            size = "x".join(map(str, row["size"])) if row["size"] else ""
            writer.writerow({**row, "size": size, "warnings": "; ".join(row["warnings"])})
    with files.atomic_writer(directory / JSON) as temporary:
        temporary.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
