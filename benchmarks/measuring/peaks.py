"""What a device can do at most: matrix products and memory traffic, measured in this process.

``benchmarks/roofline.py`` starts it; prints one JSON object. By PyTorch, whose matrix products are
the libraries' own (MKL or oneDNN, cuBLAS): the best of many, after a warm-up.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from measuring import clock

_SIDES = {"cpu": (1024, 2048, 3072), "cuda": (4096, 8192, 16384)}
_MEGABYTES = 256
_TRIES = 8


class Peaks(BaseModel):
    """The best seen.

    Attributes:
        matmul: Arithmetic -> 10^9 floating-point operations a second, two a multiply-add.
            ``float32``; on CUDA also ``tf32`` and ``bf16``, which tensor cores compute.
        bandwidth: 10^9 bytes a second of a[i] = b[i] + c[i], two read and one written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    matmul: Mapping[str, float]
    bandwidth: float


def measure(device: str) -> Peaks:
    """Measure a device."""
    ticking = clock.for_device(device, torch)
    found = {"float32": _matmul(device, ticking, torch.float32)}
    if device.startswith("cuda"):
        torch.backends.cuda.matmul.allow_tf32 = True
        found["tf32"] = _matmul(device, ticking, torch.float32)
        torch.backends.cuda.matmul.allow_tf32 = False
        found["bf16"] = _matmul(device, ticking, torch.bfloat16)
    return Peaks(matmul=found, bandwidth=_bandwidth(device, ticking))


def _matmul(device: str, ticking: clock.Clock, dtype: torch.dtype) -> float:
    best = 0.0
    for side in _SIDES["cuda" if device.startswith("cuda") else "cpu"]:
        a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
        out = torch.empty_like(a)
        seconds = _best(ticking, lambda a=a, b=b, out=out: torch.mm(a, b, out=out))  # type: ignore[misc]
        best = max(best, 2 * side**3 / seconds / 1e9)
    return best


def _bandwidth(device: str, ticking: clock.Clock) -> float:
    a, b, c = (torch.ones(_MEGABYTES * 250_000, device=device) for _ in range(3))
    seconds = _best(ticking, lambda: torch.add(b, c, out=a))
    return 3 * a.nbytes / seconds / 1e9


def _best(ticking: clock.Clock, work: Callable[[], Tensor]) -> float:
    def step() -> None:
        work()

    def wait() -> None:
        """A CPU has done it; CUDA's clock waits by itself."""

    step()
    return min(ticking.seconds(step, wait) for _ in range(_TRIES))


def main() -> None:
    """Read the command line and print the peaks."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu")
    print(measure(parser.parse_args().device).model_dump_json())  # noqa: T201


if __name__ == "__main__":
    main()
