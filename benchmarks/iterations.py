"""Measures one contestant in this process, and prints one JSON record.

    python benchmarks/iterations.py nst-pytorch --size 300x450 --steps 10

The clock is read only after a step is done: every contestant waits for its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
from collections.abc import Mapping
from functools import partial
from importlib import import_module, metadata
from types import MappingProxyType

from contestants import Pictures, Step
from nst_core import demo, images, weights
from nst_core.sizes import Size

NAMES = ("nst-pytorch", "nst-mxnet", "nst-mxnet-tab", "d2l-torch", "d2l-mxnet")
_DOCUMENTS = MappingProxyType({"d2l-torch": "d2l_torch", "d2l-mxnet": "d2l_mxnet"})
_NST = MappingProxyType(
    {
        "nst-pytorch": {"backend": "pytorch", "mxnet_tab": False},
        "nst-mxnet": {"backend": "mxnet", "mxnet_tab": False},
        "nst-mxnet-tab": {"backend": "mxnet", "mxnet_tab": True},
    }
)


def measure(name: str, *, size: str, steps: int, warm_up: int, device: str) -> dict[str, object]:
    """Run a contestant and return its record; seconds are those of each step after warm-up."""
    rule = Size.parse(size)
    content, style = images.read(demo.landscape()), images.read(demo.painting())
    height, width = rule.resolve(height=content.height, width=content.width)
    pictures = Pictures(
        content=images.fit(content, height=height, width=width),
        style=images.fit(style, height=height, width=width),
        weights=weights.load("bundled"),
    )
    began = time.perf_counter()
    step = _prepare(name, pictures, device)
    start_up = time.perf_counter() - began
    seconds, losses = [], []
    for _ in range(warm_up + steps):
        began = time.perf_counter()
        losses.append(step())
        seconds.append(time.perf_counter() - began)
    return {
        "contestant": name,
        "height": height,
        "width": width,
        "device": device,
        "dtype": "float32",
        "start_up_seconds": start_up,
        "warm_up_seconds": seconds[:warm_up],
        "seconds": seconds[warm_up:],
        "losses": losses,
        # Kilobytes on Linux.
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "machine": _machine(),
    }


def _prepare(name: str, pictures: Pictures, device: str) -> Step:
    if name in _DOCUMENTS:
        # Imported only here: a process has one framework, as a person's program would.
        step: Step = import_module(f"contestants.{_DOCUMENTS[name]}").prepare(pictures)
        return step
    prepare = partial(import_module("contestants.nst_session").prepare, **_NST[name])
    nst_step: Step = prepare(pictures, device=device)
    return nst_step


def _machine() -> Mapping[str, object]:
    packages = ("nst", "torch", "mxnet", "numpy")
    return {
        "processors": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        "versions": {name: metadata.version(name) for name in packages},
    }


def main() -> None:
    """Read the command line and print the record."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contestant", choices=NAMES)
    parser.add_argument("--size", default="300x450")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    record = measure(
        options.contestant,
        size=options.size,
        steps=options.steps,
        warm_up=options.warm_up,
        device=options.device,
    )
    print(json.dumps(record))  # noqa: T201


if __name__ == "__main__":
    main()
