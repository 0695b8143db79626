"""The whole campaign: ``PYTHONPATH=tests python -m fuzz --output benchmarks/results/fuzz.json``."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fuzz import campaign
from fuzz.cases import case

COUNTS = {"pictures": 6000, "weights": 2000, "texts": 2000, "checkpoints": 2000}


def main() -> int:
    """Run every kind and write the record. Status 1: a file was neither accepted nor refused."""
    options = _arguments()
    if options.show:
        return _show(options.show, options.seed)
    record = _record(options.output, options.seed)
    bugs = 0
    for kind in options.kinds.split(","):
        began, number = time.perf_counter(), round(COUNTS[kind] * options.scale)
        tally = campaign.run(kind, seed=options.seed, count=number, workers=options.workers)
        bugs += len(tally.bugs)
        record["kinds"][kind] = {
            "files": number,
            **{name: tally.verdicts[name] for name in ("accepted", "refused", "bug")},
            "slowest_processor_seconds": tally.slowest[0],
            "largest_megabytes": tally.largest[0],
            "seconds": round(time.perf_counter() - began),
        }
        _print(f"{kind} {json.dumps(record['kinds'][kind])}")
        _print(f"slowest: {tally.slowest[1]}, largest: {tally.largest[1]}")
        for bug in tally.bugs:
            _print(f"{kind} {bug['index']}: {bug.get('case', '')}: {bug['what']}\n")
        if options.output:
            options.output.write_text(json.dumps(record, indent=2) + "\n")
    return 1 if bugs else 0


def _record(output: Path | None, seed: int) -> dict[str, Any]:
    """Return the record of an earlier run with the same seed and versions, or a new one."""
    record: dict[str, Any] = {"seed": seed, "versions": _versions(), "kinds": {}}
    before = json.loads(output.read_text()) if output and output.exists() else record
    same = all(before[name] == record[name] for name in ("seed", "versions"))
    return before if same else record


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of files")
    parser.add_argument("--kinds", default=",".join(COUNTS), help="as pictures,texts")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, help="where the record goes, as JSON")
    parser.add_argument("--show", metavar="KIND:INDEX", help="write one case's file here instead")
    return parser.parse_args()


def _show(which: str, seed: int) -> int:
    kind, _, index = which.partition(":")
    one = case(kind, seed, int(index))
    Path("in").mkdir(exist_ok=True)
    one.write(Path())
    _print(f"{one.name}\n{one.path}\nnst {' '.join(one.arguments)}")
    return 0


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _versions() -> dict[str, str]:
    packages = (
        "pillow",
        "pi-heif",
        "pillow-jxl-plugin",
        "numpy",
        "safetensors",
        "pydantic",
        "click",
    )
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


if __name__ == "__main__":
    sys.exit(main())
