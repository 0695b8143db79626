"""The files of a benchmark: OUTPUT.json with every record, and OUTPUT.md and OUTPUT.png of it."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from pydantic import BaseModel

from nst_core.system import files


def command_line() -> str:
    """Return the command that started the script, so that a reader can repeat it."""
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])


def write(output: Path, kind: str, content: BaseModel, *, table: str, figure: Figure) -> None:
    """Write the three files and print the table.

    Args:
        output: Their common path, without an extension.
        kind: Names the script that wrote the record, so that ``tables.py`` knows how to read it.
        content: What was measured.
        table: ``content`` as Markdown.
        figure: ``content`` as a drawing.
    """
    write_json(
        output.with_suffix(".json"),
        {"kind": kind, "command": command_line(), **content.model_dump(mode="json")},
    )
    with files.atomic_writer(output.with_suffix(".md")) as temporary:
        temporary.write_text(table, encoding="utf-8")
    with files.atomic_writer(output.with_suffix(".png")) as temporary:
        figure.savefig(temporary)
    print(table, end="")  # noqa: T201


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a record as JSON, and the folder that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.atomic_writer(path) as temporary:
        temporary.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> tuple[str, str, dict[str, Any]]:
    """Return the kind, the command and the content of a record.

    The kind is empty if the file is not one that ``write`` wrote.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or "kind" not in data:
        return "", "", {}
    return data.pop("kind"), data.pop("command", ""), data
