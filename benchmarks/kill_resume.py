"""Kill real runs at random moments and prove that, resumed, they end as if nothing had happened.

    python benchmarks/kill_resume.py --kills 60 --output benchmarks/results/kill-resume.json

For each backend and optimiser a run of two stages is made once without interruption. Then the same
run is started, killed by SIGKILL at a random moment after its first step, resumed, killed again,
until it ends. Picture and history must be the same to the byte (but for the seconds), and so must
the last checkpoint's arrays: the image and the optimiser's state in full precision.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from nst_core import cli, demo, weights
from nst_core.backend import registry
from nst_core.run import checkpoint
from nst_core.run import prepared as prepared_run

STEPS = 30
OPTIONS = (
    "--weights", "random", "--size", "24x36,32x48", "--steps", str(STEPS),
    "--log-every", "1", "-o", "out.png", "--history", "h.csv", "--checkpoint", "run.nst",
    "--checkpoint-every", "1", "--device", "cpu",
)  # fmt: skip


def main() -> int:
    """Run the proof; the exit status is 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=60, help="in total, over all cases")
    parser.add_argument("--backends", default="pytorch,mxnet")
    parser.add_argument("--optimisers", default="adam,lbfgs")
    parser.add_argument("--options", default="", help="further options of nst run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    cases = [
        (backend, optimiser)
        for backend in given.backends.split(",")
        for optimiser in given.optimisers.split(",")
    ]
    prepare(given.backends.split(","))
    moments = random.Random(given.seed)
    records = []
    for backend, optimiser in cases:
        extra = ("--backend", backend, "--optimiser", optimiser, *given.options.split())
        kills = -(-given.kills // len(cases))
        record = {"backend": backend, "optimiser": optimiser, **prove(extra, kills, moments)}
        print(record, flush=True)  # noqa: T201 - a script's report
        records.append(record)
    if given.output:
        text = json.dumps({**surroundings(), "options": given.options, "cases": records}, indent=1)
        given.output.write_text(text + "\n", encoding="utf-8")
    return 0 if all(record["equal"] for record in records) else 1


def prove(extra: Sequence[str], kills: int, moments: random.Random) -> dict[str, object]:
    """Return how often a run was killed, at which steps, and whether it ended the same."""
    with tempfile.TemporaryDirectory() as room:
        whole = Path(room, "whole")
        whole.mkdir()
        began = time.perf_counter()
        if killed_at_random(command(extra), whole, math.inf):
            raise RuntimeError("killed by somebody else")
        last = checkpoint.read(whole / "run.nst")
        span = last.position.seconds
        resumed_at: list[int] = []
        runs, equal = 0, True
        while len(resumed_at) < kills:
            place = Path(room, f"killed-{runs}")
            place.mkdir()
            # In pieces short enough that a run is killed several times.
            resumed_at += until_it_ends(extra, place, moments, span=span / 4)
            equal = equal and same(whole, place)
            runs += 1
        seconds = round(time.perf_counter() - began)
    return {
        "equal": equal,
        "kills": len(resumed_at),
        "runs": runs,
        "killed_after_steps": resumed_at,
        "seconds": seconds,
    }


def until_it_ends(
    extra: Sequence[str], place: Path, moments: random.Random, *, span: float
) -> list[int]:
    """Start, kill and resume a run; return after how many kept steps it was killed."""
    killed = []
    while True:
        point = place / "run.nst"
        again = ("--resume", "run.nst") if point.exists() else ()
        if killed_at_random(command((*extra, *again)), place, moments.uniform(0, span)):
            kept = checkpoint.read(point).position.global_step if point.exists() else 0
            killed.append(kept)
        else:
            return killed


def killed_at_random(line: Sequence[str], place: Path, delay: float) -> bool:
    """Run the command line; kill it ``delay`` seconds after its first step; False if it ended."""
    log = place / "log"
    log.unlink(missing_ok=True)
    child = start(line, place, log)
    deadline = None
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        now = time.monotonic()
        if deadline is None and log.exists() and "\nstage " in log.read_text():
            deadline = now + delay
        if deadline is not None and now >= deadline:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            break
        time.sleep(0.001)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"{line} ended with {code} in {place}: {log.read_text()}")
    return code != 0


def start(line: Sequence[str], place: Path, log: Path) -> int:
    """Fork a process that runs ``nst``, in ``place``; its lines go to ``log``.

    Forked, as it finds the frameworks imported and the weights made, it gets to its steps at once.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.chdir(place)
            to = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
            os.dup2(to, 1)
            os.dup2(to, 2)
            sys.argv = ["nst", *line]
            cli.main()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        finally:
            os._exit(status)
    return child


def prepare(backends: Sequence[str]) -> None:
    """Import the frameworks and make the weights, once for all processes."""
    for name in backends:
        registry.load(name)
    made = weights.load("random")
    assert made.checksum
    prepared_run.weights_module.load = lambda _: made  # type: ignore[attr-defined]


def command(extra: Sequence[str]) -> list[str]:
    """Return a command line of the run."""
    return ["run", str(demo.landscape()), str(demo.painting()), *OPTIONS, *extra]


def same(one: Path, other: Path) -> bool:
    """Whether two runs ended the same, to the bit, and the killed one's leftovers are gone."""
    first, second = (checkpoint.read(place / "run.nst") for place in (one, other))
    return (
        pixels_and_recipe(one) == pixels_and_recipe(other)
        and history(one) == history(other)
        and not list(other.glob(".*"))
        and first.state.keys() == second.state.keys()
        and all(
            np.array_equal(array, second.state[name], equal_nan=True)
            for name, array in first.state.items()
        )
    )


def pixels_and_recipe(place: Path) -> bytes:
    """Return the picture's file, the command that it was begun by left out."""
    from nst_core import images  # noqa: PLC0415

    recipe = "\n".join(
        line
        for line in images.read_recipe(place / "out.png").splitlines()
        if not line.startswith("command = ")
    )
    return images.read(place / "out.png").tobytes() + recipe.encode()


def history(place: Path) -> list[dict[str, str]]:
    """Return the rows of the history without their seconds."""
    with (place / "h.csv").open(newline="", encoding="utf-8") as stream:
        return [{**row, "seconds": ""} for row in csv.DictReader(stream)]


def surroundings() -> dict[str, object]:
    """Return what the record should say of where it was made."""
    return {
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("nst", "numpy", "torch", "mxnet")},
        "processors": os.cpu_count(),
    }


if __name__ == "__main__":
    sys.exit(main())
