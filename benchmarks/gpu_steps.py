"""Measures steps of several variants in one process: their time, or their memory on a GPU.

    python benchmarks/gpu_steps.py d2l-torch nst-pytorch --device cuda --output step-cuda

``gpu_records.py`` starts it. The records are those of ``compare.py``, with ``--memory`` of
``memory.py``, with ``--roofline`` of ``roofline.py``. In those scripts each measurement has its own
process, and on a GPU loading the libraries takes longer than what is measured. Here the device's
memory is freed and its peak is reset before each measurement. The record is written anew after
each one, and a variant that runs out of memory is left out from then on.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import compare
import iterations
import memory
import roofline

from measuring import script
from measuring.children import Run, log
from measuring.record import Record
from measuring.variant_spec import VariantSpec
from nst_core.errors import NstError


def records(options: argparse.Namespace) -> Iterator[Run]:
    """Measure the variants in turns, size by size and round by round."""
    failed: set[str] = set()
    for size in options.sizes:
        for number in range(options.rounds):
            for name in options.variants:
                if name in failed:
                    continue
                try:
                    record = _measure(name, size, options)
                except (NstError, RuntimeError) as error:
                    log(f"{name} at {size}: {str(error).partition(chr(10))[0]}")
                    failed.add(name)
                    continue
                log(f"{name} at {size}: {min(record.seconds):.4f} s, {record.peak_mb:.0f} MB")
                yield Run(round=number, record=record)


def _measure(name: str, size: str, options: argparse.Namespace) -> Record:
    _free()
    return iterations.measure(
        VariantSpec.parse(name),
        size=size,
        steps=options.steps,
        warm_up=options.warm_up,
        device=options.device,
    )


def _free() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _whole_rounds(runs: list[Run]) -> tuple[Run, ...]:
    """Return the runs without those of rounds in which a variant is missing."""

    def count(run: Run) -> int:
        return sum((one.record.size, one.round) == (run.record.size, run.round) for one in runs)

    return tuple(run for run in runs if count(run) == max(map(count, runs)))


def _measure_times(options: argparse.Namespace) -> None:
    runs: list[Run] = []
    for run in records(options):
        runs.append(run)
        comparison = compare.Comparison(runs=_whole_rounds(runs))
        if run not in comparison.runs:
            continue
        try:
            compare.check_losses(comparison)
        except SystemExit:
            compare.BENCHMARK.save(_unequal(options.output), comparison)
            raise
        compare.BENCHMARK.save(options.output, comparison)


def _unequal(output: Path) -> Path:
    """Return where a comparison is kept whose losses differ: it is no result."""
    return output.with_name(f"{output.name}-unequal")


def _measure_memory(options: argparse.Namespace) -> None:
    points: list[memory.Point] = []
    for run in records(options):
        points.append(memory.Point(record=run.record, estimated_mb=None))
        memory.BENCHMARK.save(options.output, memory.Memory(points=tuple(points)))


def _measure_roofline(options: argparse.Namespace) -> None:
    from measuring import peaks  # noqa: PLC0415  # imports PyTorch

    def limits() -> roofline.Peaks:
        _free()
        found: Any = peaks.measure(options.device)
        return roofline.Peaks(matmul=dict(found.matmul), bandwidth=found.bandwidth)

    before, runs = [limits()], []
    for run in records(options):
        runs.append(run)
        found = roofline.Roofline(peaks=tuple(before), runs=tuple(runs))
        roofline.BENCHMARK.save(options.output, found)
    before.append(limits())
    roofline.BENCHMARK.save(
        options.output, roofline.Roofline(peaks=tuple(before), runs=tuple(runs))
    )


def main() -> None:
    """Read the command line, measure and write the files."""
    parser = script.parser(
        __doc__, "variants", "output", sizes="300x450", rounds=1, steps=10, warm_up=2, device="cuda"
    )
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--memory", action="store_true", help="peaks of the memory against the size")
    kinds.add_argument("--roofline", action="store_true", help="the share of the device's peaks")
    options = parser.parse_args()
    if options.memory:
        _measure_memory(options)
    elif options.roofline:
        _measure_roofline(options)
    else:
        _measure_times(options)


if __name__ == "__main__":
    main()
