"""Measures what looking for numbers that are not finite adds to a step.

    python benchmarks/guard.py nst-pytorch nst-mxnet --output benchmarks/results/guard

Every run looks at each step's losses, and now and then copies the image
(``nst_core.run.divergence``). In
one process a contestant, a few steps with and without are taken in turn, round by round; steps
without are queued one after the other and waited for at the end only, as fast as they can go. The
image is copied once a round, far more often than in a run, which copies every 32nd.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

import iterations
from contestants import Contestant
from measuring import children, figures, results
from measuring.entry import Entry
from measuring.record import Machine
from nst_core.run.divergence import DivergenceGuard

KIND = "guard"


class Guarded(BaseModel):
    """One contestant.

    Attributes:
        contestant: Its name.
        machine: Where it ran.
        without: Seconds a step without, round by round.
        guarded: Seconds a step with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contestant: str
    machine: Machine
    without: tuple[float, ...]
    guarded: tuple[float, ...]

    @property
    def added(self) -> list[float]:
        """What it adds, as a share of a step, round by round."""
        return [b / a - 1 for a, b in zip(self.without, self.guarded, strict=True)]


class Guards(BaseModel):
    """All that were measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: str
    steps: int
    found: tuple[Guarded, ...]


def table(measured: Guards) -> str:
    """Return medians as Markdown."""
    lines = [
        f"| seconds a step at {measured.size} | without | with | added, median (least to most) |",
        "|---|---|---|---|",
    ]
    for one in measured.found:
        a, b = statistics.median(one.without), statistics.median(one.guarded)
        added, least, most = (
            f"{100 * share:+.1f} %"
            for share in (statistics.median(one.added), min(one.added), max(one.added))
        )
        label = Entry.parse(one.contestant).label
        lines.append(f"| {label} | {a:.3f} | {b:.3f} | {added} ({least} to {most}) |")
    return "\n".join(lines) + "\n"


def figure(measured: Guards) -> Figure:
    """Draw each round's steps with over those without."""
    drawn, axes = figures.new(x="round", y="with / without")
    for colour, one in zip(figures.COLOURS, measured.found, strict=False):
        rounds = range(1, len(one.added) + 1)
        label = Entry.parse(one.contestant).label
        axes.plot(rounds, [1 + share for share in one.added], "o-", color=colour, label=label)
    axes.axhline(1, color="black", linestyle="--", linewidth=1)
    axes.legend(frameon=False)
    return drawn


def load(content: dict[str, Any]) -> str:
    """Return the table of a result that was read from a file."""
    return table(Guards.model_validate(content))


def measure(name: str, *, size: str, steps: int, rounds: int) -> Guarded:
    """Measure one contestant in this process."""
    machine = Machine.here()
    contestant = iterations.prepare(Entry.parse(name), iterations.pictures_of(size), device="cpu")
    without, guarded = [], []
    for number in range(-1, rounds):
        order = (_free, _guarded) if number % 2 else (_guarded, _free)
        taken = {way: way(contestant, steps) for way in order}
        if number >= 0:  # the first warms up
            without.append(taken[_free])
            guarded.append(taken[_guarded])
    return Guarded(contestant=name, machine=machine, without=tuple(without), guarded=tuple(guarded))


def _free(contestant: Contestant, steps: int) -> float:
    contestant.wait()
    began = time.perf_counter()
    for _ in range(steps):
        contestant.step()
    contestant.wait()
    return (time.perf_counter() - began) / steps


def _guarded(contestant: Contestant, steps: int) -> float:
    guard = DivergenceGuard(contestant.image(), is_result=True)
    contestant.wait()
    began = time.perf_counter()
    for step in range(33 - steps, 33):  # in a run, the image is copied after step 32
        contestant.step()
        guard.check(contestant.losses(), contestant.image, step=step)
    contestant.wait()
    return (time.perf_counter() - began) / steps


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contestants", nargs="+", metavar="CONTESTANT")
    parser.add_argument("--size", default="300x450")
    parser.add_argument("--steps", type=int, default=4, choices=range(1, 16), metavar="1...15")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", type=Path, help="path without an ending; none: one record")
    options = parser.parse_args()
    size, steps, rounds = options.size, options.steps, options.rounds
    if options.output is None:
        (name,) = options.contestants
        print(measure(name, size=size, steps=steps, rounds=rounds).model_dump_json())  # noqa: T201
        return
    arguments = ["--size", size, "--steps", str(steps), "--rounds", str(rounds)]
    found = []
    for name in options.contestants:
        told = children.call([sys.executable, __file__, name, *arguments])
        found.append(Guarded.model_validate_json(told.splitlines()[-1]))
        children.tell(f"{name}: {statistics.median(found[-1].added):+.2%}")
    measured = Guards(size=size, steps=steps, found=tuple(found))
    results.write(options.output, KIND, measured, table=table(measured), figure=figure(measured))


if __name__ == "__main__":
    main()
