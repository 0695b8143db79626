"""Tests what d2l's slides claim: noise "converges slower but works"; L-BFGS beside Adam.

    python benchmarks/slides.py content-adam content-lbfgs content-lbfgs-scaled \
        noise-adam noise-lbfgs noise-lbfgs-scaled --output benchmarks/results/slides

Every contestant is the preset ``d2l-slides`` on the demo pair with another start or optimiser, so
all minimise one objective, and runs in a process of its own, on one thread. Seconds are those of
the processor in it, which other programs hardly change, without imports and reading. OUTPUT.json
keeps the record of each; contestants that are not named keep the one they have. OUTPUT.md is the
table: what was spent when the loss was first as low as Adam's from the content image after 50, 100
and 200 steps.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from nst_core import demo
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.run.observers import Observer, Plan, Step
from nst_core.run.transfer import transfer

REFERENCE = "content-adam"
MARKS = (50, 100, 200)
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
_ADAM = {"name": "adam", "learning_rate": 0.3, "betas": [0.9, 0.999], "epsilon": 1e-8}
_LBFGS = {"name": "lbfgs", "learning_rate": 1.0, "history": 100}
_OPTIMISERS: Mapping[str, Mapping[str, Any]] = {
    "adam": _ADAM,
    "lbfgs": _LBFGS,
    "lbfgs-scaled": {**_LBFGS, "loss_scale": 1e3},
    "lbfgs-wolfe": {**_LBFGS, "line_search": "strong_wolfe"},
    "lbfgs-scaled-wolfe": {**_LBFGS, "loss_scale": 1e3, "line_search": "strong_wolfe"},
}
NAMES = tuple(f"{start}-{name}" for start in ("content", "noise") for name in _OPTIMISERS)
Record = Mapping[str, Any]


class Spent(Observer):
    """Keeps each step's losses, before its update, and what had been spent when they were known."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self._evaluations, self._seconds = 1, 0.0
        self._began = time.process_time()

    def started(self, plan: Plan) -> None:  # noqa: ARG002 - an observer's
        """Set the clock: imports and reading are over, the targets are still to come."""
        self._began = time.process_time()

    def stepped(self, step: Step) -> None:
        """Add a row. L-BFGS knows its place's losses since the step before; Adam finds them."""
        losses, session = step.losses, step.session
        deferred = isinstance(session, LBFGSStepper)
        before = self._evaluations, self._seconds
        self._seconds = time.process_time() - self._began
        if isinstance(session, LBFGSStepper):
            self._evaluations = session.evaluations
        known = before if deferred and step.global_step > 1 else (step.global_step, self._seconds)
        self.rows.append(
            {
                "step": step.global_step,
                "evaluations": known[0],
                "seconds": round(known[1], 3),
                "content": losses.content_sum,
                "style": losses.style_sum,
                "tv": losses.total_variation,
                "total": losses.total,
            }
        )


def measure(name: str, *, size: str, steps: int, backend: str) -> Record:
    """Run a contestant in this process and return its record."""
    start, _, optimiser = name.partition("-")
    spent = Spent()
    result = transfer(
        demo.landscape(),
        demo.painting(),
        preset="d2l-slides",
        overrides={
            "start": {"image": start},
            "optimiser": dict(_OPTIMISERS[optimiser]),
            "stages": [{"size": size, "steps": steps}],
        },
        backend=backend,
        device="cpu",
        observers=[spent],
    )
    return {
        "contestant": name,
        "size": size,
        "backend": backend,
        "optimiser": _OPTIMISERS[optimiser],
        "note": result.note,
        "rows": spent.rows,
        "machine": _machine(result.plan.device.description),
    }


def _machine(description: str) -> Mapping[str, Any]:
    return {
        "processors": len(os.sched_getaffinity(0)),
        "device": description,
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in ("nst", "torch", "mxnet", "numpy")},
    }


def table(records: Mapping[str, Record]) -> str:
    """Return what each spent until it was first as low as the reference after so many steps."""
    reference = records[REFERENCE]["rows"]
    marks = [mark for mark in MARKS if mark <= len(reference)]
    targets = [reference[mark - 1]["total"] for mark in marks]
    lines = [
        "| | " + " | ".join(f"to {target:.3g}" for target in targets) + " | lowest loss | s each |",
        "|---" * (len(marks) + 3) + "|",
    ]
    for name in NAMES:
        if name not in records:
            continue
        rows = records[name]["rows"]
        cells = [_first(rows, target) for target in targets]
        last = rows[-1]
        cells.append(f"{min(row['total'] for row in rows):.3g}")
        cells.append(f"{last['seconds'] / last['evaluations']:.3f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _first(rows: list[Mapping[str, float]], target: float) -> str:
    for row in rows:
        if row["total"] <= target:
            return f"{row['evaluations']:.0f} ({row['seconds']:.0f} s)"
    return "never"


def main() -> None:
    """Read the command line; measure, or with ``--here`` only print one record."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contestants", nargs="*", choices=[*NAMES, []])
    parser.add_argument("--size", default="150x225")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--backend", default="pytorch")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/slides"))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    settings = {key: getattr(options, key) for key in ("size", "steps", "backend")}
    if options.here:
        print(json.dumps(measure(options.contestants[0], **settings)))  # noqa: T201
        return
    kept = options.output.with_suffix(".json")
    records = json.loads(kept.read_text()) if kept.exists() else {}
    environment = {**os.environ, **_ONE_THREAD}
    for name in options.contestants:
        command = [sys.executable, __file__, name, "--here"]
        for key, value in settings.items():
            command += [f"--{key}", str(value)]
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, env=environment
        )
        records[name] = json.loads(done.stdout.splitlines()[-1])
    rows = {(one["size"], one["backend"]) for one in records.values()}
    if len(rows) != 1:
        raise SystemExit(f"contestants of several settings: {sorted(rows)}; measure all anew")
    kept.write_text(_dumped(records))
    if REFERENCE not in records:
        print(f"no table without {REFERENCE}", file=sys.stderr)  # noqa: T201
        return
    text = table(records)
    options.output.with_suffix(".md").write_text(text)
    print(text, end="")  # noqa: T201


def _dumped(records: Mapping[str, Record]) -> str:
    """Return JSON with one line for each row, so that it can be read and compared."""
    parts = []
    for name in sorted(records):
        record = dict(records[name])
        rows = record.pop("rows")
        head = json.dumps(record, indent=1)[:-2]
        body = ",\n  ".join(json.dumps(row) for row in rows)
        parts.append(f'"{name}": {head},\n "rows": [\n  {body}\n ]\n}}')
    return "{" + ",\n".join(parts) + "}\n"


if __name__ == "__main__":
    main()
