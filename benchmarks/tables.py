"""Writes the tables of README anew from the records in benchmarks/results.

    python benchmarks/tables.py            # rewrites README.md and the .md files of the results
    python benchmarks/tables.py --check    # exit status 1 if something is out of step

A table stands in README between ``<!-- results: NAME -->`` and ``<!-- end of results -->``; NAME is
that of the file. The command that made the record is written under the table.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import compare
import convolutions
import guard
import memory
import mxnet_winograd
import profile_step
import roofline
import time_to_loss

from measuring import results

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
RESULTS = HERE / "results"
_BLOCK = re.compile(
    r"(?P<begin><!-- results: (?P<name>[\w-]+) -->\n).*?(?P<end><!-- end of results -->)", re.S
)
_KINDS: dict[str, Callable[[dict[str, Any]], str]] = {
    module.BENCHMARK.kind: module.BENCHMARK.load
    for module in (
        compare,
        convolutions,
        guard,
        memory,
        mxnet_winograd,
        profile_step,
        roofline,
        time_to_loss,
    )
}


def table(path: Path) -> tuple[str, str]:
    """Return a result's table, as Markdown, and the command that made it."""
    kind, command, content = results.read(path)
    return _KINDS[kind](content), command


def in_step(readme: str, folder: Path) -> str:
    """Return README with its tables as the records have them.

    Raises:
        SystemExit: for a block without a record.
    """

    def block(match: re.Match[str]) -> str:
        path = folder / f"{match['name']}.json"
        if not path.exists():
            raise SystemExit(f"README shows {match['name']}, and there is no {path.name}")
        text, command = table(path)
        return f"{match['begin']}{text}\n`{command}`\n{match['end']}"

    return _BLOCK.sub(block, readme)


def main() -> None:
    """Read the command line, and write or check."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    wanted = {README: in_step(README.read_text(encoding="utf-8"), RESULTS)}
    wanted |= {
        path.with_suffix(".md"): table(path)[0]
        for path in RESULTS.glob("*.json")
        if results.read(path)[0] in _KINDS
    }
    stale = [path for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
    if options.check and stale:
        raise SystemExit(f"out of step with the records: {', '.join(p.name for p in stale)}")
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")


if __name__ == "__main__":
    main()
