"""Compares what bf16 products and float32 reach: the losses of the final pictures, and the time.

    python benchmarks/precision.py a.jpg+b.jpg c.jpg+d.jpg --presets best,fast --size 300 \
        --output benchmarks/results/precision

A pair is two pictures, CONTENT+STYLE; ``demo`` is the pair that comes with nst. Both pictures are
painted with the same seed and steps. Then both are evaluated in float32, so that the rounding of
the evaluation is no part of the result; the loss that the run itself reported last is recorded too,
and is the one that is compared if the preset matches nearest neighbours.
With ``--directory`` the pictures are kept, to be looked at.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

import nst_core as nst
from measuring import children, figures, results, script
from measuring.record import Machine, Terms
from nst_core import demo, images
from nst_core.backend import Execution, Precision, Problem, StyleSource, registry
from nst_core.compare.markdown import markdown_table
from nst_core.run.result import Result
from nst_core.spec import Spec, presets
from nst_core.spec.stage_overrides import with_stages
from nst_core.weights import load

PRECISIONS: tuple[Precision, Precision] = ("float32", "bf16")


class Painted(BaseModel):
    """One picture: its losses in float32, the last reported total, and the seconds it took."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pair: str
    preset: str
    precision: str
    height: int
    width: int
    steps: int
    losses: Terms
    reported: float
    seconds: float


class Precisions(BaseModel):
    """All pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    painted: tuple[Painted, ...]

    def pairs(self) -> list[tuple[Painted, Painted]]:
        """Return (float32, bf16) of each preset and pair."""
        exact, rounded = (
            {(one.preset, one.pair): one for one in self.painted if one.precision == name}
            for name in PRECISIONS
        )
        return [(one, rounded[key]) for key, one in exact.items() if key in rounded]


def table(found: Precisions) -> str:
    """Return totals and their ratio as Markdown."""
    rows = [
        (
            exact.preset,
            exact.pair,
            f"{exact.height}x{exact.width}",
            f"{exact.losses.total:.4g}",
            f"{rounded.losses.total:.4g}",
            f"{100 * (rounded.losses.total / exact.losses.total - 1):+.2f} %",
            f"{100 * (rounded.losses.content / exact.losses.content - 1):+.2f} %",
            f"{100 * (rounded.losses.style / exact.losses.style - 1):+.2f} %",
        )
        for exact, rounded in found.pairs()
    ]
    columns = ("preset", "pair", "size", "float32", "bf16", "total", "content", "style")
    return markdown_table(columns, rows)


def figure(found: Precisions) -> Figure:
    """Draw the relative differences of the totals."""
    drawn, axes = figures.new(x="total with bf16 / total with float32", y="")
    pairs = found.pairs()
    labels = [f"{exact.preset}, {exact.pair}" for exact, _ in pairs]
    ratios = [rounded.losses.total / exact.losses.total for exact, rounded in pairs]
    axes.plot(ratios, labels, "o", color=figures.COLOURS[0])
    axes.axvline(statistics.median(ratios), color="black", linestyle="--", linewidth=1)
    return drawn


BENCHMARK = script.Benchmark(kind="precision", content=Precisions, table=table, figure=figure)


def paint(
    pair: str,
    preset: str,
    precision: Precision,
    *,
    size: str,
    steps: list[int],
    folder: Path | None,
) -> Painted:
    """Paint a pair, and evaluate the picture in float32."""
    content, style = _files(pair)
    spec = with_stages(presets.load(preset), sizes=[size] if size else [], steps=steps)
    began = time.perf_counter()
    result = nst.transfer(
        content, style, spec=spec, device="cpu", execution=Execution(precision=precision)
    )
    seconds = time.perf_counter() - began
    height, width, _ = result.image.shape
    if folder is not None:
        result.save(folder / f"{preset}-{_name(pair)}-{precision}.png")
    return Painted(
        pair=pair,
        preset=preset,
        precision=precision,
        height=height,
        width=width,
        steps=sum(stage.steps for stage in result.plan.spec.stages),
        losses=_last_losses(result)
        if spec.neighbours.layers
        else _evaluate(result, spec, content, style),
        reported=result.history[-1].total,
        seconds=seconds,
    )


def _files(pair: str) -> tuple[Path, Path]:
    if pair == "demo":
        return demo.landscape(), demo.painting()
    content, _, style = pair.partition("+")
    return Path(content), Path(style)


def _last_losses(result: Result) -> Terms:
    """Return the losses that the run reported last.

    Neighbours are chosen anew from time to time, so the picture alone does not say which.
    """
    last = result.history[-1]
    return Terms(content=last.content, style=last.style, tv=last.tv, total=last.total)


def _evaluate(result: Result, spec: Spec, content: Path, style: Path) -> Terms:
    height, width, _ = result.image.shape
    pictures = [
        images.resize_picture(images.read(path), height=height, width=width)
        for path in (content, style)
    ]
    session = registry.load("pytorch").start(
        Problem(
            content=pictures[0],
            styles=(StyleSource(image=pictures[1]),),
            start=result.image,
            weights=load("bundled"),
            objective=spec.objective(),
            adam=spec.adam(),
        ),
        device="cpu",
        dtype="float32",
        execution=Execution(precision="float32"),
    )
    return Terms.of(session.evaluate(image=result.image).losses)


def main() -> None:
    """Read the command line, paint, write the files after each pair and print the table."""
    parser = script.parser(__doc__, "output", size="", directory=None)
    parser.add_argument("pairs", nargs="+", metavar="CONTENT+STYLE", help="pairs, or demo")
    parser.add_argument("--presets", type=script.sizes, default=["best", "fast"])
    parser.add_argument("--steps", type=int, nargs="*", default=[], help="of each stage")
    parser.add_argument("--append", action="store_true", help="to the pictures of the record")
    options = parser.parse_args()
    if options.directory:
        options.directory.mkdir(parents=True, exist_ok=True)
    machine, painted = Machine.here(), []
    if options.append and options.output.with_suffix(".json").exists():
        _, _, content = results.read(options.output.with_suffix(".json"))
        painted = list(Precisions.model_validate(content).painted)
    for preset in options.presets:
        for pair in options.pairs:
            for precision in PRECISIONS:
                children.log(f"{preset} {pair} {precision}")
                one = paint(
                    pair, preset, precision,
                    size=options.size, steps=options.steps, folder=options.directory,
                )  # fmt: skip
                painted.append(one.model_copy(update={"pair": _name(pair)}))
            BENCHMARK.save(options.output, Precisions(machine=machine, painted=tuple(painted)))


def _name(pair: str) -> str:
    return "+".join(Path(part).stem for part in pair.split("+"))


if __name__ == "__main__":
    main()
