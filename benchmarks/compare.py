"""Measures contestants side by side: in turn, several rounds, one process each; medians, ratios.

    python benchmarks/compare.py d2l-torch nst-pytorch --size 300x450 --rounds 3 \
        --output benchmarks/results/step-pytorch

The first contestant is what the others are divided by. Contestants of one comparison must find
the same loss at their first step, or nothing is reported. Writes OUTPUT.json (every record) and
OUTPUT.md (the table).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from iterations import NAMES

Record = Mapping[str, Any]
_SAME_LOSS = 1e-4  # relative, at the first step: float32 of two libraries


def measure_all(names: Sequence[str], options: argparse.Namespace) -> dict[str, list[Record]]:
    """Run every contestant once a round, in turn, so that all meet the machine's moods."""
    records: dict[str, list[Record]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            record = _measure(name, options)
            records[name].append(record)
            median = statistics.median(record["seconds"])
            print(f"{name}: {median:.3f} s a step", file=sys.stderr, flush=True)  # noqa: T201
    return records


def _measure(name: str, options: argparse.Namespace) -> Record:
    command = [sys.executable, str(Path(__file__).with_name("iterations.py")), name]
    for key in ("size", "steps", "device"):
        command += [f"--{key}", str(getattr(options, key))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    record: Record = json.loads(done.stdout.splitlines()[-1])
    return record


def check_same_loss(records: Mapping[str, Sequence[Record]]) -> None:
    """Refuse to compare programs that don't compute the same thing.

    Raises:
        SystemExit: with one line.
    """
    first = {name: runs[0]["losses"][0] for name, runs in records.items()}
    reference = next(iter(first.values()))
    for name, loss in first.items():
        if abs(loss - reference) > _SAME_LOSS * abs(reference):
            raise SystemExit(f"{name} starts at loss {loss}, the first contestant at {reference}")


def table(records: Mapping[str, Sequence[Record]]) -> str:
    """Return the comparison as a Markdown table, seconds as median (least to most)."""
    pooled = {
        name: [second for run in runs for second in run["seconds"]]
        for name, runs in records.items()
    }
    names = list(records)
    lines = [
        f"| | seconds a step | against {names[0]} | peak memory, MB |",
        "|---|---|---|---|",
    ]
    for name in names:
        seconds, runs = pooled[name], records[name]
        # Round by round: what slows the machine for a while slows both sides of a ratio.
        ratio = statistics.median(
            statistics.median(mine["seconds"]) / statistics.median(theirs["seconds"])
            for mine, theirs in zip(runs, records[names[0]], strict=True)
        )
        memory = max(run["peak_memory_mb"] for run in runs)
        lines.append(
            f"| {name} | {statistics.median(seconds):.2f} "
            f"({min(seconds):.2f} to {max(seconds):.2f}) | {ratio:.2f} | {memory:.0f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contestants", nargs="+", choices=NAMES)
    parser.add_argument("--size", default="300x450")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    records = measure_all(options.contestants, options)
    check_same_loss(records)
    text = table(records)
    options.output.with_suffix(".json").write_text(json.dumps(records, indent=1) + "\n")
    options.output.with_suffix(".md").write_text(text)
    print(text, end="")  # noqa: T201


if __name__ == "__main__":
    main()
