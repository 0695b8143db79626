"""Tests two claims of d2l's slides: noise "converges slower but works"; L-BFGS instead of Adam.

    python benchmarks/slides.py content-adam content-lbfgs content-lbfgs-scaled \
        noise-adam noise-lbfgs noise-lbfgs-scaled --output benchmarks/results/slides

Every variant is the preset ``d2l-slides`` on the demo pair with another initial image or optimiser,
so all minimise the same objective. Each runs in a process of its own on one thread. Seconds are
processor time, which other programs hardly change, without imports and reading. OUTPUT.json has the
record of each variant; variants that are not named keep their record. OUTPUT.md is the table: the
evaluations and seconds until the loss was first as low as that of Adam from the content image after
50, 100 and 200 steps.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from measuring import script
from measuring.record import Machine
from nst_core import demo
from nst_core.compare.markdown import markdown_table
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
_HELP = "an initial image and an optimiser: " + ", ".join(NAMES)
Record = Mapping[str, Any]


class CostObserver(Observer):
    """Records the losses of each step before its update, and the cost until they were known."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self._evaluations, self._seconds = 1, 0.0
        self._began = time.process_time()

    def started(self, plan: Plan) -> None:  # noqa: ARG002 - an observer's method
        """Start the clock: after the imports and the reading, before the targets are computed."""
        self._began = time.process_time()

    def stepped(self, step: Step) -> None:
        """Add a row.

        L-BFGS has computed the losses of its image in the step before; Adam computes them now.
        """
        losses, session = step.losses, step.optimisation
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
    """Run a variant in this process and return its record."""
    machine = Machine.here()
    start, _, optimiser = name.partition("-")
    observer = CostObserver()
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
        observers=[observer],
    )
    return {
        "variant": name,
        "size": size,
        "backend": backend,
        "optimiser": _OPTIMISERS[optimiser],
        "note": result.note,
        "rows": observer.rows,
        "device": result.plan.device.description,
        "machine": machine.model_dump(mode="json"),
    }


def table(records: Mapping[str, Record]) -> str:
    """Return the cost of each variant until its loss was as low as the reference's at each mark."""
    reference = records[REFERENCE]["rows"]
    marks = [mark for mark in MARKS if mark <= len(reference)]
    targets = [reference[mark - 1]["total"] for mark in marks]
    rows = [_cells(name, records[name]["rows"], targets) for name in NAMES if name in records]
    return markdown_table(
        (
            "evaluations (seconds)",
            *(f"to {target:.3g}" for target in targets),
            "lowest loss",
            "seconds per evaluation",
        ),
        rows,
    )


def _cells(name: str, rows: list[Mapping[str, float]], targets: list[float]) -> tuple[str, ...]:
    last = rows[-1]
    return (
        name,
        *(_first(rows, target) for target in targets),
        f"{min(row['total'] for row in rows):.3g}",
        f"{last['seconds'] / last['evaluations']:.3f}",
    )


def _first(rows: list[Mapping[str, float]], target: float) -> str:
    for row in rows:
        if row["total"] <= target:
            return f"{row['evaluations']:.0f} ({row['seconds']:.0f} s)"
    return "never"


def main() -> None:
    """Read the command line; measure, or with ``--here`` only print one record."""
    parser = script.parser(
        __doc__, size="150x225", steps=200, output=Path("benchmarks/results/slides")
    )
    parser.add_argument("variants", nargs="*", choices=[*NAMES, []], metavar="VARIANT", help=_HELP)
    parser.add_argument("--backend", default="pytorch")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    settings = {key: getattr(options, key) for key in ("size", "steps", "backend")}
    if options.here:
        print(json.dumps(measure(options.variants[0], **settings)))  # noqa: T201
        return
    path = options.output.with_suffix(".json")
    records = json.loads(path.read_text()) if path.exists() else {}
    for name in options.variants:
        records[name] = _measured_in_child(name, settings)
    used = {(one["size"], one["backend"]) for one in records.values()}
    if len(used) != 1:
        raise SystemExit(f"variants with different settings: {sorted(used)}; measure all again")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_dumped(records))
    if REFERENCE not in records:
        print(f"no table without {REFERENCE}", file=sys.stderr)  # noqa: T201
        return
    text = table(records) + "\n"
    options.output.with_suffix(".md").write_text(text)
    print(text, end="")  # noqa: T201


def _measured_in_child(name: str, settings: Mapping[str, Any]) -> Record:
    command = [sys.executable, __file__, name, "--here"]
    for key, value in settings.items():
        command += [f"--{key}", str(value)]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **_ONE_THREAD}
    )
    record: Record = json.loads(done.stdout.splitlines()[-1])
    return record


def _dumped(records: Mapping[str, Record]) -> str:
    """Return JSON with one line per row, so that it can be read and compared."""
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
