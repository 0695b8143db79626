"""Measures one contestant in this process, and prints one JSON record.

    python benchmarks/iterations.py nst-pytorch --size 300x450 --steps 10
    python benchmarks/iterations.py nst-pytorch@conv=direct,preset=gala --size 600 --device cuda

The clock is read only after a step is done, and stands still while losses are read.
"""

from __future__ import annotations

import argparse
import os
import time
from importlib import import_module
from typing import Any

from contestants import About, Contestant, Pictures
from measuring import clock
from measuring.entry import Entry
from measuring.record import Machine, Record, Terms
from nst_core import demo, images, weights
from nst_core.errors import NstError
from nst_core.spec.sizes import Size
from nst_core.system import memory


def pictures_of(size: str) -> Pictures:
    """Return the demo pair at a size, both pictures equally large, and the bundled weights."""
    content, style = images.read(demo.landscape()), images.read(demo.painting())
    height, width = Size.parse(size).resolve(height=content.height, width=content.width)
    return Pictures(
        content=images.resize_picture(content, height=height, width=width),
        style=images.resize_picture(style, height=height, width=width),
        weights=weights.load("bundled"),
    )


def prepare(entry: Entry, pictures: Pictures, *, device: str) -> Contestant:
    """Return a contestant that is ready for its first step.

    Frameworks are imported only here: a process has one, as a person's program would.
    """
    if entry.program.startswith("nst-"):
        session: Contestant = _module("nst_session").Loop(entry, pictures, device=device)
        return session
    module = _module(entry.program.replace("-", "_"))
    loop: Contestant = module.Loop(pictures, device="cpu" if device == "auto" else device)
    return loop


def measure(entry: Entry, *, size: str, steps: int, warm_up: int, device: str) -> Record:
    """Run a contestant and return its record."""
    machine = Machine.here()
    pictures = pictures_of(size)
    if entry.threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(entry.threads)  # read when a framework is imported
    if entry.program == "pastiche":
        return _measure_pastiche(entry, pictures, steps=steps, device=device, machine=machine)
    _import_framework(entry)
    began = time.perf_counter()
    contestant = prepare(entry, pictures, device=device)
    contestant.wait()
    start_up = time.perf_counter() - began
    about = contestant.about
    ticking = clock.for_device(about.device, about.torch)
    seconds, losses = [], []
    for _ in range(warm_up + steps):
        seconds.append(ticking.seconds(contestant.step, contestant.wait))
        losses.append(contestant.losses())
    return _record(
        entry,
        pictures,
        about,
        machine,
        clock=ticking.name,
        start_up_seconds=start_up,
        warm_up_seconds=tuple(seconds[:warm_up]),
        seconds=tuple(seconds[warm_up:]),
        losses=tuple(one.total for one in losses),
        final=Terms.of(losses[-1]),
        peak_memory_mb=memory.peak_mb(),
        peak_device_memory_mb=_device_peak_mb(about),
    )


def _measure_pastiche(
    entry: Entry, pictures: Pictures, *, steps: int, device: str, machine: Machine
) -> Record:
    module = _module("pastiche_cli")
    about, short, each, losses = module.differences(
        pictures, device="cpu" if device == "auto" else device, steps=steps, rounds=1
    )
    return _record(
        entry,
        pictures,
        about,
        machine,
        clock="difference",
        start_up_seconds=short[0],
        warm_up_seconds=(),
        seconds=tuple(each),
        losses=tuple(losses),
        final=None,
        peak_memory_mb=module.children_peak_mb(),
        peak_device_memory_mb=None,
    )


def _record(
    entry: Entry, pictures: Pictures, about: About, machine: Machine, **found: object
) -> Record:
    height, width, _ = pictures.content.shape
    execution = entry.execution if entry.program.startswith("nst-") else None
    modes = ("conv", "precision", "checkpointing")
    return Record.model_validate(
        {
            "contestant": entry.name,
            "objective": about.objective,
            "device": about.device,
            "device_description": about.device_description,
            "threads": about.threads,
            "dtype": entry.dtype,
            "execution": {name: getattr(execution, name) for name in modes} if execution else {},
            "preset": entry.preset,
            "height": height,
            "width": width,
            "machine": machine,
            **found,
        }
    )


def _module(name: str) -> Any:
    return import_module(f"contestants.{name}")


def _import_framework(entry: Entry) -> None:
    """Import what the contestant needs, which is no part of its start-up.

    MXNet for its document's loop as the document imports it: ``nst_mxnet`` would give it all cores.
    """
    if "torch" in entry.program:
        import_module("torch")
    elif entry.program == "nst-mxnet":
        import_module("nst_mxnet")
    else:
        _module("d2l_mxnet")


def _device_peak_mb(about: About) -> float | None:
    if about.torch is None or not about.device.startswith("cuda"):
        return None
    return float(about.torch.cuda.max_memory_reserved(about.device)) / 1e6


def main() -> None:
    """Read the command line and print the record."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contestant", help="as nst-pytorch or nst-pytorch@conv=direct")
    parser.add_argument("--size", default="300x450")
    parser.add_argument("--steps", type=int, default=10, help="that count")
    parser.add_argument("--warm-up", type=int, default=2, help="steps before those")
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda, cuda:N, mps")
    options = parser.parse_args()
    try:
        record = measure(
            Entry.parse(options.contestant),
            size=options.size,
            steps=options.steps,
            warm_up=options.warm_up,
            device=options.device,
        )
    except NstError as error:
        raise SystemExit(f"{options.contestant}: {error}") from None
    print(record.model_dump_json())  # noqa: T201


if __name__ == "__main__":
    main()
