"""Measures ``nst run`` whole: from the command to the picture's file, and what each part takes.

    python benchmarks/time_to_picture.py --size 512 --output benchmarks/results/time-to-picture

Each run is a new process, as a user starts it. A small program in it notes when Python has begun,
when the pictures are read, the framework is imported, the first stage begins, the last one ends and
the file is written. "end" is the exit of the process.
``--tree`` names other trees of nst, such as a checkout of the commit before; the runs alternate.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, script
from measuring.record import Machine
from nst_core.compare.markdown import markdown_table

_PROGRAM = r"""
import json, os, sys, time
moments, began = [], float(os.environ["NST_BEGAN"])
def note(name):
    moments.append((name, time.time() - began))
note("Python")
import nst_core.cli.__main__ as program
note("command line")
import nst_core.run.prepared as prepared
import nst_core.run.loop as loop
import nst_core.run.transfer as transfer
from nst_core.backend import registry
from nst_core import weights
def noting(module, function, name):
    inner = getattr(module, function)
    def wrapped(*args, **kwargs):
        found = inner(*args, **kwargs)
        note(name)
        return found
    setattr(module, function, wrapped)
def before(module, function, name):
    inner = getattr(module, function)
    def wrapped(*args, **kwargs):
        note(name)
        return inner(*args, **kwargs)
    setattr(module, function, wrapped)
before(transfer, "prepare", "pictures")
noting(registry, "load", "framework")
before(loop, "run", "preparation")
noting(loop, "run", "steps")
try:
    program.main()
except SystemExit:
    pass
finally:
    note("file")
    sys.stderr.flush()
    print("\n" + json.dumps(moments))
"""


class Timed(BaseModel):
    """One run: part -> seconds, in order; ``whole`` is the process from start to end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tree: str
    parts: dict[str, float]
    whole: float


class TimeToPicture(BaseModel):
    """All runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    arguments: tuple[str, ...]
    runs: tuple[Timed, ...]


def table(found: TimeToPicture) -> str:
    """Return the medians of the parts in seconds as Markdown."""
    trees = list(dict.fromkeys(run.tree for run in found.runs))
    names = list(dict.fromkeys(name for run in found.runs for name in run.parts))
    rows = []
    for tree in trees:
        those = [run for run in found.runs if run.tree == tree]
        parts = [statistics.median(run.parts.get(name, 0.0) for run in those) for name in names]
        whole = [run.whole for run in those]
        spread = f"{statistics.median(whole):.1f} ({min(whole):.1f} to {max(whole):.1f})"
        rows.append((tree, *(f"{part:.2f}" for part in parts), spread))
    return markdown_table(("seconds", *names, "whole"), rows)


def figure(found: TimeToPicture) -> Figure:
    """Draw a bar per run with a section per part."""
    drawn, axes = figures.new(x="seconds", y="")
    names = list(dict.fromkeys(name for run in found.runs for name in run.parts))
    labels = [f"{run.tree}, {number}" for number, run in enumerate(found.runs)]
    left = [0.0] * len(found.runs)
    for number, name in enumerate(names):
        widths = [run.parts.get(name, 0.0) for run in found.runs]
        colour = figures.COLOURS[number % len(figures.COLOURS)]
        axes.barh(labels, widths, left=left, color=colour, label=name)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.legend(frameon=False, fontsize="small")
    return drawn


BENCHMARK = script.Benchmark(
    kind="time-to-picture", content=TimeToPicture, table=table, figure=figure
)


def measure(tree: str, root: Path, arguments: list[str]) -> Timed:
    """Run ``nst run`` of a tree once."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join([str(root), str(root / "backends")])
        began = time.time()
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, "run", *arguments, "-o", f"{folder}/out.png", "-q"],
            env={**os.environ, "PYTHONPATH": path, "NST_BEGAN": repr(began)},
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        whole = time.time() - began
        if done.returncode or not Path(folder, "out.png").exists():
            raise SystemExit(f"{tree}: nst run failed: {done.stderr.strip()[-500:]}")
    parts: dict[str, float] = {}
    before = 0.0
    for name, moment in json.loads(done.stdout.strip().splitlines()[-1]):
        parts[name] = parts.get(name, 0.0) + moment - before
        before = moment
    parts["end"] = whole - before
    return Timed(tree=tree, parts=parts, whole=whole)


def main() -> None:
    """Read the command line, measure, write the files after each run and print the table."""
    parser = script.parser(__doc__, "output", size="512", rounds=2, preset="best")
    parser.add_argument(
        "--tree", action="append", default=[], metavar="NAME=FOLDER", help="another tree of nst"
    )
    parser.add_argument("--argument", action="append", default=[], help="of nst run, as --steps=9")
    options = parser.parse_args()
    arguments = ["--size", options.size, "--preset", options.preset, *options.argument]
    here = children.SCRIPTS.parent
    trees = {name: Path(folder) for name, _, folder in (one.partition("=") for one in options.tree)}
    trees["now"] = here
    machine, runs = Machine.here(), []
    for _ in range(options.rounds):
        for name, root in trees.items():
            runs.append(measure(name, root.resolve(), arguments))
            children.log(f"{name}: {runs[-1].whole:.1f} s")
            found = TimeToPicture(machine=machine, arguments=tuple(arguments), runs=tuple(runs))
            BENCHMARK.save(options.output, found)


if __name__ == "__main__":
    main()
