"""Measures how much longer a step takes while other processes keep the cores busy.

    python benchmarks/busy.py nst-pytorch d2l-torch --size 64x64,96x144,300x450 \
        --output benchmarks/results/busy

The script makes the load itself: for each processor that it may use, a process that only counts,
pinned to that processor or (``--unpinned``) wherever the system puts it. With as many busy
processes as processors, each thread of a step gets half of a processor, so two times the quiet step
would be fair. Quiet and busy phases alternate in one process, on the same session. Every variant
and size has a process of its own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, script
from measuring.pictures import load_pictures
from measuring.record import Machine, format_seconds
from measuring.variant_spec import VariantSpec, label
from nst_core.compare.markdown import markdown_table
from variants import Variant
from variants.prepare import prepare

_COUNT = (
    "import os, sys\nif sys.argv[1:]: os.sched_setaffinity(0, {int(sys.argv[1])})\nwhile 1: pass"
)
_SETTLE = 0.3
"""Seconds until the busy processes have started."""


class Measured(BaseModel):
    """One variant at one size: the seconds of each step, quiet and beside busy processes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str
    height: int
    width: int
    pinned: bool
    processes: int
    quiet: tuple[float, ...]
    busy: tuple[float, ...]
    machine: Machine

    @property
    def ratio(self) -> float:
        """The median busy step divided by the median quiet one."""
        return statistics.median(self.busy) / statistics.median(self.quiet)


class Busy(BaseModel):
    """All measurements."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    found: tuple[Measured, ...]


def table(busy: Busy) -> str:
    """Return medians and their ratios as Markdown; in brackets the longest busy step."""
    rows = [
        (
            f"{one.height}x{one.width}",
            label(one.variant),
            "pinned" if one.pinned else "not pinned",
            format_seconds(statistics.median(one.quiet)),
            f"{format_seconds(statistics.median(one.busy))} ({format_seconds(max(one.busy))})",
            f"{one.ratio:.1f}",
        )
        for one in busy.found
    ]
    columns = ("size", "variant", "busy processes", "quiet, s", "busy, s (longest)", "ratio")
    return markdown_table(columns, rows)


def figure(busy: Busy) -> Figure:
    """Draw the ratios as bars."""
    drawn, axes = figures.new(x="busy step / quiet step", y="")
    for colour, pinned in zip(figures.COLOURS, (True, False), strict=False):
        those = [one for one in busy.found if one.pinned == pinned]
        labels = [f"{label(one.variant)}\n{one.height}x{one.width}" for one in those]
        axes.plot(
            [one.ratio for one in those], labels, "o", color=colour,
            label="pinned" if pinned else "not pinned",
        )  # fmt: skip
    axes.set_xlim(left=0)
    axes.legend(frameon=False)
    return drawn


BENCHMARK = script.Benchmark(kind="busy", content=Busy, table=table, figure=figure)


@contextmanager
def load(*, pinned: bool) -> Iterator[None]:
    """Keep every processor that this process may use busy, by one process each."""
    processors = sorted(os.sched_getaffinity(0))
    processes = [
        subprocess.Popen([sys.executable, "-c", _COUNT, *([str(number)] if pinned else [])])
        for number in processors
    ]
    try:
        time.sleep(_SETTLE)
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measure(spec: VariantSpec, *, size: str, rounds: int, seconds: float, pinned: bool) -> Measured:
    """Measure a variant in this process: quiet and busy in turns, each for some seconds."""
    machine, pictures = Machine.here(), load_pictures(size)
    variant = prepare(spec, pictures, device="cpu")
    for _ in range(2):
        _step(variant)
    quiet: list[float] = []
    busy: list[float] = []
    for _ in range(rounds):
        quiet += _steps(variant, seconds)
        with load(pinned=pinned):
            busy += _steps(variant, seconds)
    height, width, _ = pictures.content.shape
    return Measured(
        variant=spec.name,
        height=height,
        width=width,
        pinned=pinned,
        processes=len(os.sched_getaffinity(0)),
        quiet=tuple(quiet),
        busy=tuple(busy),
        machine=machine,
    )


def _steps(variant: Variant, seconds: float) -> list[float]:
    """Return the seconds of each step, of at least two."""
    found: list[float] = []
    while len(found) < 2 or sum(found) < seconds:
        found.append(_step(variant))
    return found


def _step(variant: Variant) -> float:
    began = time.perf_counter()
    variant.step()
    variant.losses()
    return time.perf_counter() - began


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = script.parser(__doc__, "variants", "output", sizes="64x64,96x144,300x450", rounds=2)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each phase")
    parser.add_argument("--unpinned", action="store_true", help="let the system place the load")
    parser.add_argument("--child", action="store_true", help="measure here and print the record")
    options = parser.parse_args()
    common = {"rounds": options.rounds, "seconds": options.seconds}
    if options.child:
        (name,), (size,) = options.variants, options.sizes
        found = measure(VariantSpec.parse(name), size=size, pinned=not options.unpinned, **common)
        print(found.model_dump_json())  # noqa: T201
        return
    measured = []
    for size in options.sizes:
        for name in options.variants:
            command = [sys.executable, str(children.SCRIPTS / "busy.py"), name, "--size", size]
            command += ["--rounds", str(options.rounds), "--seconds", str(options.seconds)]
            command += ["--child", "--output", "none", *["--unpinned"] * options.unpinned]
            one = Measured.model_validate_json(children.run_program(command).splitlines()[-1])
            children.log(f"{name} at {size}: {one.ratio:.2f}")
            measured.append(one)
    BENCHMARK.save(options.output, Busy(found=tuple(measured)))


if __name__ == "__main__":
    main()
