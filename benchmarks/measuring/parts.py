"""Several records, one after the other, each with a limit of time."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from measuring import script
from measuring.children import SCRIPTS, log


@dataclass(frozen=True, slots=True)
class Part:
    """One record: what makes it, and for how long at most.

    Attributes:
        name: The record's name.
        limit: Seconds after which it is stopped.
        command: The script's name and its arguments, without ``--output`` and ``--device``.
        alone: Whether nothing may run beside it.
    """

    name: str
    limit: float
    command: tuple[str, ...]
    alone: bool = True


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    began: float
    ends: float


def make(parts: Sequence[Part], *, output: Path, device: str | None, budget: float) -> list[str]:
    """Make the records, and return a line for each part that failed."""
    ends, failures = time.monotonic() + budget, []
    for part in (one for one in parts if one.alone):
        failures += _wait([_start(part, output, device, ends)])
    failures += _wait([_start(one, output, device, ends) for one in parts if not one.alone])
    return failures


def _start(part: Part, output: Path, device: str | None, ends: float) -> _Running:
    now = time.monotonic()
    command = [sys.executable, str(SCRIPTS / part.command[0]), *part.command[1:]]
    command += [] if device is None else ["--device", device]
    command += ["--output", str(output / part.name)]
    # A session of its own: what it has started ends with it.
    process = subprocess.Popen(command, start_new_session=True)
    return _Running(part, process, now, min(ends, now + part.limit))


def _wait(running: Sequence[_Running]) -> list[str]:
    failures = []
    for one in running:
        try:
            status: int | None = one.process.wait(max(0.0, one.ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            status = None
            os.killpg(one.process.pid, signal.SIGKILL)
            one.process.wait()
        seconds = time.monotonic() - one.began
        if status is None:
            failures.append(f"{one.part.name}: stopped after {seconds:.0f} s")
        elif status:
            failures.append(f"{one.part.name}: exit status {status} after {seconds:.0f} s")
        else:
            log(f"{one.part.name}: done in {seconds:.0f} s")
    return failures


def main(doc: str | None, parts: Sequence[Part], *, device: str | None = None) -> None:
    """Read the command line of a script that makes ``parts``, and make them.

    Args:
        doc: The script's docstring.
        parts: Its records.
        device: The default of ``--device``, which every part is given; None for no such option.
    """
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="the folder of the records")
    parser.add_argument("--budget-seconds", type=float, default=600, help="for all parts together")
    parser.add_argument("--parts", type=script.sizes, metavar="NAME[,...]", help="all by default")
    if device is not None:
        parser.add_argument("--device", default=device, help="cuda, cuda:N, or cpu for tests")
    options = parser.parse_args()
    known = {part.name: part for part in parts}
    unknown = [name for name in options.parts or () if name not in known]
    if unknown:
        raise SystemExit(f"parts {', '.join(unknown)}: known are {', '.join(known)}")
    options.output.mkdir(parents=True, exist_ok=True)
    failures = make(
        [known[name] for name in options.parts or known],
        output=options.output,
        device=None if device is None else options.device,
        budget=options.budget_seconds,
    )
    for line in failures:
        log(line)
    if failures:
        raise SystemExit(1)
