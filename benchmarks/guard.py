"""Measures what the check for non-finite numbers adds to a step.

    python benchmarks/guard.py nst-pytorch nst-mxnet --output benchmarks/results/guard

Every run checks the losses of each step, and copies the image at regular steps
(``nst_core.run.divergence``). Each variant is measured in a process of its own. There, a few steps
with and without the check alternate, round by round. Steps without it are queued one after the
other, as fast as possible, and waited for only at the end. The image is copied once per round, far
more often than in a run, which copies it every 32nd step.
"""

from __future__ import annotations

import statistics
import sys
import time

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, script
from measuring.pictures import load_pictures
from measuring.record import Machine, renamed
from measuring.variant_spec import VariantSpec, label
from nst_core.compare.markdown import markdown_table
from nst_core.run.divergence import DivergenceGuard
from variants import Variant
from variants.prepare import prepare


class Guarded(BaseModel):
    """One variant.

    Attributes:
        variant: Its name.
        machine: The machine.
        without: Seconds per step without the check, round by round.
        guarded: Seconds per step with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str = renamed("variant", "contestant")
    machine: Machine
    without: tuple[float, ...]
    guarded: tuple[float, ...]

    @property
    def added(self) -> list[float]:
        """What the check adds, as a fraction of a step, round by round."""
        return [b / a - 1 for a, b in zip(self.without, self.guarded, strict=True)]


class Guards(BaseModel):
    """All measurements."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: str
    steps: int
    found: tuple[Guarded, ...]


def table(measured: Guards) -> str:
    """Return the medians as Markdown."""
    rows = []
    for one in measured.found:
        added, least, most = (
            f"{100 * share:+.1f} %"
            for share in (statistics.median(one.added), min(one.added), max(one.added))
        )
        seconds = (f"{statistics.median(taken):.3f}" for taken in (one.without, one.guarded))
        rows.append((label(one.variant), *seconds, f"{added} ({least} to {most})"))
    columns = ("without", "with", "added, median (min to max)")
    return markdown_table((f"seconds per step at {measured.size}", *columns), rows)


def figure(measured: Guards) -> Figure:
    """Draw the ratio of the steps with and without the check in each round."""
    drawn, axes = figures.new(x="round", y="with / without")
    for colour, one in zip(figures.COLOURS, measured.found, strict=False):
        rounds = range(1, len(one.added) + 1)
        ratios = [1 + share for share in one.added]
        axes.plot(rounds, ratios, "o-", color=colour, label=label(one.variant))
    axes.axhline(1, color="black", linestyle="--", linewidth=1)
    axes.legend(frameon=False)
    return drawn


BENCHMARK = script.Benchmark(kind="guard", content=Guards, table=table, figure=figure)


def measure(name: str, *, size: str, steps: int, rounds: int) -> Guarded:
    """Measure one variant in this process."""
    machine = Machine.here()
    variant = prepare(VariantSpec.parse(name), load_pictures(size), device="cpu")
    without, guarded = [], []
    for number in range(-1, rounds):
        order = (_free, _guarded) if number % 2 else (_guarded, _free)
        taken = {run: run(variant, steps) for run in order}
        if number >= 0:  # round -1 is the warm-up
            without.append(taken[_free])
            guarded.append(taken[_guarded])
    return Guarded(variant=name, machine=machine, without=tuple(without), guarded=tuple(guarded))


def _free(variant: Variant, steps: int) -> float:
    variant.wait()
    began = time.perf_counter()
    for _ in range(steps):
        variant.step()
    variant.wait()
    return (time.perf_counter() - began) / steps


def _guarded(variant: Variant, steps: int) -> float:
    guard = DivergenceGuard(variant.image(), is_result=True)
    variant.wait()
    began = time.perf_counter()
    for step in range(33 - steps, 33):  # in a run, the image is copied after step 32
        variant.step()
        guard.check(variant.losses(), variant.image, step=step)
    variant.wait()
    return (time.perf_counter() - began) / steps


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = script.parser(__doc__, "variants", size="300x450", rounds=9, output=None)
    parser.add_argument(
        "--steps", type=int, default=4, choices=range(1, 16), metavar="1...15",
        help="steps per round",
    )  # fmt: skip
    options = parser.parse_args()
    size, steps, rounds = options.size, options.steps, options.rounds
    if options.output is None:  # the process of one variant, started below
        (name,) = options.variants
        print(measure(name, size=size, steps=steps, rounds=rounds).model_dump_json())  # noqa: T201
        return
    arguments = ["--size", size, "--steps", str(steps), "--rounds", str(rounds)]
    found = []
    for name in options.variants:
        printed = children.run_program([sys.executable, __file__, name, *arguments])
        found.append(Guarded.model_validate_json(printed.splitlines()[-1]))
        children.log(f"{name}: {statistics.median(found[-1].added):+.2%}")
    BENCHMARK.save(options.output, Guards(size=size, steps=steps, found=tuple(found)))


if __name__ == "__main__":
    main()
