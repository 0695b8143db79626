"""Kills real runs at random moments and checks that, resumed, they end as uninterrupted ones do.

    python benchmarks/kill_resume.py --kills 60 --output benchmarks/results/kill-resume.json

For each backend and optimiser, a run of two stages is made once without interruption. Then the same
run is started, killed by SIGKILL at a random moment after its first step, resumed and killed again,
until it ends. Picture and history must be identical to the byte, except for the seconds. The arrays
of the last checkpoint, the image and the optimiser's state in full precision, must be identical
too.
"""

from __future__ import annotations

import csv
import math
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from measuring import results, script
from measuring.record import Machine
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
    """Check every case; the exit status is 1 if anything differs."""
    parser = script.parser(__doc__, output_file=None)
    parser.add_argument("--kills", type=int, default=60, help="in total, over all cases")
    parser.add_argument("--backends", default="pytorch,mxnet", help="comma-separated")
    parser.add_argument("--optimisers", default="adam,lbfgs", help="comma-separated")
    parser.add_argument("--options", default="", help="further options of nst run")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    options = parser.parse_args()
    backends, optimisers = options.backends.split(","), options.optimisers.split(",")
    cases = [(backend, optimiser) for backend in backends for optimiser in optimisers]
    machine = Machine.here()
    prepare(backends)
    moments = random.Random(options.seed)
    records = []
    for backend, optimiser in cases:
        extra = ("--backend", backend, "--optimiser", optimiser, *options.options.split())
        kills = -(-options.kills // len(cases))
        record = {"backend": backend, "optimiser": optimiser, **prove(extra, kills, moments)}
        print(record, flush=True)  # noqa: T201 - a script's report
        records.append(record)
    if options.output_file:
        results.write_json(
            options.output_file,
            {
                "machine": machine.model_dump(mode="json"),
                "options": options.options,
                "cases": records,
            },
        )
    return 0 if all(record["equal"] for record in records) else 1


def prove(extra: Sequence[str], kills: int, moments: random.Random) -> dict[str, object]:
    """Return how often a run was killed, after which steps, and whether the results are equal."""
    with tempfile.TemporaryDirectory() as folder:
        uninterrupted = Path(folder, "uninterrupted")
        uninterrupted.mkdir()
        began = time.perf_counter()
        if killed_at_random(command(extra), uninterrupted, math.inf):
            raise RuntimeError("killed by another process")
        last = checkpoint.read(uninterrupted / "run.nst")
        span = last.position.seconds
        resumed_at: list[int] = []
        runs, equal = 0, True
        while len(resumed_at) < kills:
            killed = Path(folder, f"killed-{runs}")
            killed.mkdir()
            # A quarter of the run's time, so that a run is killed several times.
            resumed_at += until_it_ends(extra, killed, moments, span=span / 4)
            equal = equal and same(uninterrupted, killed)
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
    extra: Sequence[str], folder: Path, moments: random.Random, *, span: float
) -> list[int]:
    """Start, kill and resume a run; return the steps in the checkpoint after each kill."""
    killed = []
    while True:
        point = folder / "run.nst"
        resume = ("--resume", "run.nst") if point.exists() else ()
        if killed_at_random(command((*extra, *resume)), folder, moments.uniform(0, span)):
            killed.append(checkpoint.read(point).position.global_step if point.exists() else 0)
        else:
            return killed


def killed_at_random(line: Sequence[str], folder: Path, delay: float) -> bool:
    """Run the command line; kill it ``delay`` seconds after its first step; False if it ended."""
    log = folder / "log"
    log.unlink(missing_ok=True)
    child = start(line, folder, log)
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
        raise RuntimeError(f"{line} ended with {code} in {folder}: {log.read_text()}")
    return code != 0


def start(line: Sequence[str], folder: Path, log: Path) -> int:
    """Fork a process that runs ``nst`` in ``folder`` and prints to ``log``.

    A forked process has the frameworks imported and the weights made, so its steps begin at once.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.chdir(folder)
            stream = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
            os.dup2(stream, 1)
            os.dup2(stream, 2)
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
    """Whether the results are equal bit by bit, and the killed run left no temporary file."""
    first, second = (checkpoint.read(folder / "run.nst") for folder in (one, other))
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


def pixels_and_recipe(folder: Path) -> bytes:
    """Return the picture's pixels and its recipe, without the command that started the run."""
    from nst_core import images  # noqa: PLC0415

    recipe = "\n".join(
        line
        for line in images.read_recipe(folder / "out.png").splitlines()
        if not line.startswith("command = ")
    )
    return images.read(folder / "out.png").tobytes() + recipe.encode()


def history(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the history without their seconds."""
    with (folder / "h.csv").open(newline="", encoding="utf-8") as stream:
        return [{**row, "seconds": ""} for row in csv.DictReader(stream)]


if __name__ == "__main__":
    sys.exit(main())
