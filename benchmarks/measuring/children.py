"""Measurements in child processes, one process each."""

from __future__ import annotations

import shlex
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from measuring.record import Record

SCRIPTS = Path(__file__).parent.parent
"""The folder of the scripts."""


class Run(BaseModel):
    """A record and the number of its round, from 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    round: int
    record: Record


def measure(variant: str, *, size: str, steps: int, warm_up: int, device: str) -> Record:
    """Run ``iterations.py`` in a process of its own and return its record.

    Raises:
        SystemExit: if it fails; it has printed the reason on stderr.
    """
    command = [sys.executable, str(SCRIPTS / "iterations.py"), variant, "--size", size]
    command += ["--steps", str(steps), "--warm-up", str(warm_up), "--device", device]
    record = Record.model_validate_json(run_program(command).splitlines()[-1])
    median = statistics.median(record.seconds)
    log(f"{variant} at {record.size}: {median:.3f} s per step, {record.peak_memory_mb:.0f} MB")
    return record


def measure_in_rounds(
    variants: Sequence[str],
    sizes: Iterable[str],
    *,
    rounds: int,
    steps: int,
    warm_up: int,
    device: str,
) -> list[Run]:
    """Measure every variant once per round.

    The variants alternate, so that a change of the machine's load affects all of them.
    """
    return [
        Run(
            round=number,
            record=measure(variant, size=size, steps=steps, warm_up=warm_up, device=device),
        )
        for size in sizes
        for number in range(rounds)
        for variant in variants
    ]


def run_program(command: Sequence[str]) -> str:
    """Run a program in the folder of the scripts and return its standard output.

    Raises:
        SystemExit: if it fails; it has printed the reason on stderr.
    """
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=SCRIPTS)
    if done.returncode:
        raise SystemExit(f"failed with exit status {done.returncode}: {shlex.join(command[1:])}")
    return done.stdout


def log(line: str) -> None:
    """Print the progress on stderr; stdout has only the results."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201
