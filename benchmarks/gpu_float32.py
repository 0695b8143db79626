"""Measures ways to convolve in true float32 on a GPU: milliseconds, memory and error by layer.

    python benchmarks/gpu_float32.py --output benchmarks/results/float32-cuda

``gpu_records.py`` starts it. The ways: cuDNN with channels innermost, as ``nst_pytorch.network``
has it; with channels first; with its algorithms tried out; and as three convolutions in TF32, of
the values rounded to TF32 and of what the rounding leaves. The error is that against float64,
relative to the largest value.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from measuring import results, script
from measuring.record import Machine
from nst_core.spec.sizes import Size
from nst_core.vgg19 import CONVOLUTIONS, feature_shape

_REPEATS = 5
_ROUNDED = -8192
"""A mask of the 19 bits of a float32 that TF32 keeps."""


def _high(x: Tensor) -> Tensor:
    return (x.view(torch.int32) & _ROUNDED).view(torch.float32)


def _convolve(x: Tensor, weight: Tensor, *, tf32: bool = False, tried: bool = False) -> Tensor:
    with torch.backends.cudnn.flags(enabled=True, benchmark=tried, allow_tf32=tf32):
        return functional.conv2d(x, weight, padding=1)


def _three(x: Tensor, weight: Tensor) -> Tensor:
    high, kernels = _high(x), _high(weight)
    small = _convolve(x - high, kernels, tf32=True)
    small.add_(_convolve(high, weight - kernels, tf32=True))
    return small.add_(_convolve(high, kernels, tf32=True))


def _ways(x: Tensor, weight: Tensor) -> dict[str, Callable[[], Tensor]]:
    first = x.contiguous(), weight.contiguous()
    last = tuple(one.contiguous(memory_format=torch.channels_last) for one in (x, weight))
    return {
        "channels innermost": lambda: _convolve(*last),
        "channels first": lambda: _convolve(*first),
        "channels innermost, tried out": lambda: _convolve(*last, tried=True),
        "three in TF32": lambda: _three(*last),
        "one in TF32": lambda: _convolve(*last, tf32=True),
    }


def _measure(work: Callable[[], Tensor], wanted: Tensor, device: str) -> dict[str, Any]:
    gc.collect()
    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_reserved() if on_gpu else 0
    error = float((work().double() - wanted).abs().max() / wanted.abs().max())
    if not on_gpu:
        return {"error": error}
    begin, end = (_timed_event() for _ in range(2))
    work()
    begin.record()
    for _ in range(_REPEATS):
        work()
    end.record()
    torch.cuda.synchronize()
    return {
        "error": error,
        "ms": begin.elapsed_time(end) / _REPEATS,
        "mb": (torch.cuda.max_memory_reserved() - held) / 1e6,
    }


def _timed_event() -> Any:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


@torch.no_grad()
def main() -> None:
    """Read the command line, measure and write the record after each layer."""
    options = script.parser(__doc__, "output", size="300x450", device="cuda").parse_args()
    machine, size = Machine.here(), Size.parse(options.size)
    found: dict[str, dict[str, Any]] = {}
    for layer in CONVOLUTIONS[1:13]:
        outs, height, width = feature_shape(layer.name, height=size.height, width=size.width)
        x = torch.randn(1, layer.in_channels, height, width, device=options.device).relu_()
        weight = torch.randn(outs, layer.in_channels, 3, 3, device=options.device) / 40
        wanted = functional.conv2d(x.double(), weight.double(), padding=1)
        found[layer.name] = {
            way: _measure(work, wanted, options.device) for way, work in _ways(x, weight).items()
        }
        results.write_json(
            options.output.with_suffix(".json"),
            {
                "script": "gpu_float32.py",
                "command": results.command_line(),
                "size": options.size,
                "machine": machine.model_dump(mode="json"),
                "layers": found,
            },
        )


if __name__ == "__main__":
    main()
