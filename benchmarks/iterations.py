"""Measures one variant in this process and prints one JSON record.

    python benchmarks/iterations.py nst-pytorch --size 300x450 --steps 10
    python benchmarks/iterations.py nst-pytorch@conv=direct,preset=gala --size 600 --device cuda

The clock is read only after a step is finished, and is stopped while losses are read.
"""

from __future__ import annotations

import os
import time

from measuring import clock, script
from measuring.pictures import load_pictures
from measuring.record import Machine, Record, Terms
from measuring.variant_spec import VariantSpec
from nst_core.errors import NstError
from nst_core.system import memory
from variants import Pictures, VariantInfo
from variants.prepare import import_framework, prepare


def measure(spec: VariantSpec, *, size: str, steps: int, warm_up: int, device: str) -> Record:
    """Run a variant and return its record."""
    machine = Machine.here()
    pictures = load_pictures(size)
    if spec.threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(spec.threads)  # read when a framework is imported
    if spec.program == "pastiche":
        return _measure_pastiche(spec, pictures, steps=steps, device=device, machine=machine)
    import_framework(spec)
    began = time.perf_counter()
    variant = prepare(spec, pictures, device=device)
    variant.wait()
    start_up = time.perf_counter() - began
    info = variant.info
    timer = clock.for_device(info.device, info.torch)
    seconds, losses = [], []
    for _ in range(warm_up + steps):
        seconds.append(timer.seconds(variant.step, variant.wait))
        losses.append(variant.losses())
    return _record(
        spec,
        pictures,
        info,
        machine,
        clock=timer.name,
        start_up_seconds=start_up,
        warm_up_seconds=tuple(seconds[:warm_up]),
        seconds=tuple(seconds[warm_up:]),
        losses=tuple(one.total for one in losses),
        final=Terms.of(losses[-1]),
        peak_memory_mb=memory.peak_mb(),
        peak_device_memory_mb=_device_peak_mb(info),
    )


def _measure_pastiche(
    spec: VariantSpec, pictures: Pictures, *, steps: int, device: str, machine: Machine
) -> Record:
    from variants import pastiche_cli  # noqa: PLC0415  # only this program needs it

    info, short, per_step, losses = pastiche_cli.differences(
        pictures, device="cpu" if device == "auto" else device, steps=steps, rounds=1
    )
    return _record(
        spec,
        pictures,
        info,
        machine,
        clock="difference",
        start_up_seconds=short[0],
        warm_up_seconds=(),
        seconds=tuple(per_step),
        losses=tuple(losses),
        final=None,
        peak_memory_mb=pastiche_cli.children_peak_mb(),
        peak_device_memory_mb=None,
    )


def _record(
    spec: VariantSpec, pictures: Pictures, info: VariantInfo, machine: Machine, **measured: object
) -> Record:
    height, width, _ = pictures.content.shape
    execution = spec.execution if spec.is_nst else None
    settings = ("conv", "precision", "checkpointing")
    return Record.model_validate(
        {
            "variant": spec.name,
            "objective": info.objective,
            "device": info.device,
            "device_description": info.device_description,
            "threads": info.threads,
            "dtype": spec.dtype,
            "execution": {name: getattr(execution, name) for name in settings if execution},
            "preset": spec.preset,
            "height": height,
            "width": width,
            "machine": machine,
            **measured,
        }
    )


def _device_peak_mb(info: VariantInfo) -> float | None:
    if info.torch is None or not info.device.startswith("cuda"):
        return None
    return float(info.torch.cuda.max_memory_reserved(info.device)) / 1e6


def main() -> None:
    """Read the command line and print the record."""
    options = script.parser(
        __doc__, "variant", size="300x450", steps=10, warm_up=2, device="cpu"
    ).parse_args()
    try:
        record = measure(
            VariantSpec.parse(options.variant),
            size=options.size,
            steps=options.steps,
            warm_up=options.warm_up,
            device=options.device,
        )
    except NstError as error:
        raise SystemExit(f"{options.variant}: {error}") from None
    print(record.model_dump_json())  # noqa: T201


if __name__ == "__main__":
    main()
