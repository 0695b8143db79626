"""Measures what a batch saves by computing the style's targets once instead of once per job.

    python benchmarks/batch.py --output benchmarks/results/batch.json

The contents are crops of the demo landscape, all of one size; the style is the demo painting.
Batches that keep the targets and batches that don't alternate, in one process whose framework and
weights are loaded. The seconds of a job are those from its files to its picture on the disk. The
pictures of both kinds of batch are compared: they are the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import PIL.Image

from measuring import results, script
from measuring.record import Machine
from nst_core import demo, images
from nst_core.batch import Job, SharedResources, run_job
from nst_core.problem.style_cache import TargetCache
from nst_core.spec import Spec, presets
from nst_core.spec.stage_overrides import with_stages

KEPT, ANEW = "kept", "anew"


def contents(directory: Path, count: int) -> list[Path]:
    """Write crops of the demo landscape, two thirds of its width and height; return their paths."""
    whole = images.read(demo.landscape())
    width, height = whole.width * 2 // 3, whole.height * 2 // 3
    paths = [directory / f"{number}.png" for number in range(count)]
    for path, part in zip(paths, np.linspace(0, 1, count), strict=True):
        left, top = round(part * (whole.width - width)), round(part * (whole.height - height))
        whole.crop((left, top, left + width, top + height)).save(path)
    return paths


def batch(paths: Sequence[Path], spec: Spec, shared: SharedResources, name: str) -> list[float]:
    """Run a batch without targets of earlier batches and return the seconds of each job."""
    shared.targets = TargetCache() if name == KEPT else TargetCache(max_mb=0)
    seconds = []
    for path in paths:
        output = path.with_name(f"{path.stem}-{name}.png")
        output.unlink(missing_ok=True)
        record = run_job(
            Job(
                content=str(path),
                style=str(demo.painting()),
                output=str(output),
                spec=spec.to_table(),
                run={},
                max_pixels=images.MAX_PIXELS,
            ),
            shared=shared,
        )
        if record.status != "done":
            raise SystemExit(record.reason)
        seconds.append(record.seconds)
    return seconds


def same(paths: Sequence[Path]) -> bool:
    """Whether both kinds of batch made the same pictures, bit by bit."""
    return all(_pixels(path, KEPT) == _pixels(path, ANEW) for path in paths)


def _pixels(path: Path, name: str) -> bytes:
    with PIL.Image.open(path.with_name(f"{path.stem}-{name}.png")) as picture:
        return picture.tobytes()


def measure(paths: Sequence[Path], spec: Spec, rounds: int) -> dict[str, Any]:
    """Return the seconds of every job by batch and round, and the ratio of the batches' sums."""
    shared = SharedResources()
    batch(paths[:1], spec, shared, ANEW)  # loads the framework and the weights
    seconds: dict[str, list[list[float]]] = {KEPT: [], ANEW: []}
    for number in range(rounds):
        for name in (KEPT, ANEW) if number % 2 else (ANEW, KEPT):
            seconds[name].append(batch(paths, spec, shared, name))
    ratios = [
        sum(kept) / sum(anew) for kept, anew in zip(seconds[KEPT], seconds[ANEW], strict=True)
    ]
    return {
        "size": spec.stages[-1].size,
        "style_size": spec.style.size or spec.stages[-1].size,
        "steps": spec.stages[-1].steps,
        "contents": len(paths),
        "seconds_of_a_batch": {
            name: median(sum(jobs) for jobs in batches) for name, batches in seconds.items()
        },
        "ratio": {"median": median(ratios), "least": min(ratios), "most": max(ratios)},
        "same_pictures": same(paths),
        "seconds": seconds,
    }


def main() -> None:
    """Measure with the style at the contents' size and at another, and write the record."""
    parser = script.parser(__doc__, "output_file", size="200x300", steps=20, rounds=3)
    parser.add_argument(
        "--style-sizes", type=script.sizes, default="200x300,300x450",
        help="a measurement for each size",
    )  # fmt: skip
    parser.add_argument("--contents", type=int, default=6, help="jobs per batch")
    options = parser.parse_args()
    machine, batches = Machine.here(), []
    for style_size in options.style_sizes:
        table = presets.table("d2l")
        table["style"] = {**table["style"], "size": style_size}
        spec = with_stages(Spec.from_table(table), sizes=[options.size], steps=[options.steps])
        with tempfile.TemporaryDirectory() as name:
            paths = contents(Path(name), options.contents)
            batches.append(measure(paths, spec, options.rounds))
    record = {"machine": machine.model_dump(mode="json"), "batches": batches}
    results.write_json(options.output_file, record)
    for one in batches:
        print(one["style_size"], one["seconds_of_a_batch"], one["ratio"], one["same_pictures"])  # noqa: T201


if __name__ == "__main__":
    main()
