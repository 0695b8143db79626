"""Measurements in processes of their own, in turn."""

from __future__ import annotations

import argparse
import shlex
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from measuring.record import Record

HERE = Path(__file__).parent.parent
"""The folder of the scripts."""


class Run(BaseModel):
    """A record, and in which round it was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    round: int
    record: Record


def measure(
    contestant: str, *, size: str, options: argparse.Namespace, steps: int | None = None
) -> Record:
    """Run ``iterations.py`` in a process of its own.

    Raises:
        SystemExit: if it fails; it has said why on stderr.
    """
    command = [sys.executable, str(HERE / "iterations.py"), contestant, "--size", size]
    for key in ("steps", "warm_up", "device"):
        value = steps if key == "steps" and steps is not None else getattr(options, key)
        command += [f"--{key.replace('_', '-')}", str(value)]
    record = Record.model_validate_json(call(command).splitlines()[-1])
    median = statistics.median(record.seconds)
    tell(f"{contestant} at {record.size}: {median:.3f} s a step, {record.peak_memory_mb:.0f} MB")
    return record


def in_turn(
    contestants: Sequence[str], sizes: Iterable[str], *, options: argparse.Namespace
) -> list[Run]:
    """Measure every contestant once a round, so that all meet the machine's moods."""
    return [
        Run(round=number, record=measure(contestant, size=size, options=options))
        for size in sizes
        for number in range(options.rounds)
        for contestant in contestants
    ]


def call(command: Sequence[str]) -> str:
    """Run a program and return its standard output.

    Raises:
        SystemExit: if it fails; it has said why on stderr.
    """
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=HERE)
    if done.returncode:
        raise SystemExit(f"failed with exit status {done.returncode}: {shlex.join(command[1:])}")
    return done.stdout


def tell(line: str) -> None:
    """Say how far it is."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def sizes(text: str) -> list[str]:
    """Read size rules with commas between them."""
    return [part.strip() for part in text.split(",")]
