"""Result files: OUTPUT.json with every record, and what is drawn from it, OUTPUT.md and .png."""

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
    """Return how the script was called, for a person who would do it again."""
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])


def write(output: Path, kind: str, content: BaseModel, *, table: str, figure: Figure) -> None:
    """Write the three files.

    Args:
        output: Path without an ending.
        kind: Which script made it, so that ``tables.py`` knows how to read it.
        content: What was measured.
        table: It as Markdown.
        figure: It as a drawing.
    """
    data = {"kind": kind, "command": command_line(), **content.model_dump(mode="json")}
    output.parent.mkdir(parents=True, exist_ok=True)
    for ending, text in ((".json", json.dumps(data, indent=1) + "\n"), (".md", table)):
        with files.atomic_writer(output.with_suffix(ending)) as temporary:
            temporary.write_text(text, encoding="utf-8")
    with files.atomic_writer(output.with_suffix(".png")) as temporary:
        figure.savefig(temporary)
    print(table, end="")  # noqa: T201


def read(path: Path) -> tuple[str, str, dict[str, Any]]:
    """Return a result's kind, command and content; its kind is empty if it is of other scripts."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or "kind" not in data:
        return "", "", {}
    return data.pop("kind"), data.pop("command", ""), data
