"""Measures the limits of a device in this process: matrix products and memory traffic.

``benchmarks/roofline.py`` starts it; it prints one JSON object. PyTorch computes: its matrix
products are those of MKL, oneDNN or cuBLAS. The result is the best of many measurements after a
warm-up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from measuring import clock, script

_SIDES = {"cpu": (1024, 2048, 3072), "cuda": (4096, 8192, 16384)}
_MEGABYTES = 256
_REPEATS = 8


class Peaks(BaseModel):
    """The best measurements.

    Attributes:
        matmul: Arithmetic -> 10^9 floating-point operations per second; a multiply-add counts two.
            ``float32``; on CUDA also ``tf32`` and ``bf16``, which tensor cores compute.
        bandwidth: 10^9 bytes per second of a[i] = b[i] + c[i], which reads two values and writes
            one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    matmul: Mapping[str, float]
    bandwidth: float


def measure(device: str) -> Peaks:
    """Measure a device."""
    timer = clock.for_device(device, torch)
    found = {"float32": _matmul(device, timer, torch.float32)}
    if device.startswith("cuda"):
        torch.backends.cuda.matmul.allow_tf32 = True
        found["tf32"] = _matmul(device, timer, torch.float32)
        torch.backends.cuda.matmul.allow_tf32 = False
        found["bf16"] = _matmul(device, timer, torch.bfloat16)
    return Peaks(matmul=found, bandwidth=_bandwidth(device, timer))


def _matmul(device: str, timer: clock.Clock, dtype: torch.dtype) -> float:
    best = 0.0
    for side in _SIDES["cuda" if device.startswith("cuda") else "cpu"]:
        a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
        out = torch.empty_like(a)
        seconds = _best(timer, lambda a=a, b=b, out=out: torch.mm(a, b, out=out))  # type: ignore[misc]
        best = max(best, 2 * side**3 / seconds / 1e9)
    return best


def _bandwidth(device: str, timer: clock.Clock) -> float:
    a, b, c = (torch.ones(_MEGABYTES * 250_000, device=device) for _ in range(3))
    seconds = _best(timer, lambda: torch.add(b, c, out=a))
    return 3 * a.nbytes / seconds / 1e9


def _best(timer: clock.Clock, work: Callable[[], Tensor]) -> float:
    def step() -> None:
        work()

    def wait() -> None:
        """Do nothing: a CPU has finished, and the clock of CUDA waits by itself."""

    step()
    return min(timer.seconds(step, wait) for _ in range(_REPEATS))


def main() -> None:
    """Read the command line and print the peaks."""
    options = script.parser(__doc__, device="cpu").parse_args()
    print(measure(options.device).model_dump_json())  # noqa: T201


if __name__ == "__main__":
    main()
