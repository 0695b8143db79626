"""Which of the networks computes: by what was asked for, or by what is faster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from nst_core.arrays import Array
from nst_core.backend import Architecture, DType, Execution
from nst_core.errors import BackendError
from nst_pytorch.network import Network
from nst_pytorch.precision import Arithmetic
from nst_pytorch.strips import Strips
from nst_pytorch.tiling import Tiling
from nst_pytorch.windows import Windows

LEAST_PIXELS = 96 * 144
"""From here on ``Strips`` is faster on a CPU, and its kernels' transforms are paid back soon."""


def in_blocks(size: tuple[int, int], *, on_cpu: bool, dtype: DType, execution: Execution) -> bool:
    """Return whether images of ``size`` (H, W) are computed by ``Strips``.

    With checkpointing too, if need be in windows: they keep less than ``Network`` does with it.
    """
    if execution.conv != "auto":
        return execution.conv == "winograd"
    plain = dtype == "float32" and execution.precision != "bf16"
    return on_cpu and plain and size[0] * size[1] >= LEAST_PIXELS


def tiling_of(size: tuple[int, int], taps: Sequence[str], execution: Execution) -> Tiling | None:
    """Return in which windows ``Strips`` see pictures of ``size`` (H, W); None for as a whole."""
    tiling = Tiling(size, tuple(taps))
    return tiling if execution.checkpointing and len(tiling.windows) > 1 else None


def network_for(
    weights: Mapping[str, Array],
    *,
    taps: Sequence[str],
    size: tuple[int, int],
    device: torch.device,
    dtype: torch.dtype,
    architecture: Architecture,
    arithmetic: Arithmetic,
    execution: Execution,
) -> Network | Strips | Windows:
    """Return a network for images of ``size`` (H, W).

    Raises:
        BackendError: if what was asked for can't be had.
    """
    if execution.conv == "winograd" and device.type != "cpu":
        raise BackendError(
            f"--conv winograd is for the CPU: on {device.type} the library chooses, use --conv auto"
        )
    if execution.conv == "winograd" and arithmetic.convolutions != dtype:
        raise BackendError("--conv winograd computes in float32: use --precision float32 or auto")
    dtype_name: DType = "float64" if dtype == torch.float64 else "float32"
    if in_blocks(size, on_cpu=device.type == "cpu", dtype=dtype_name, execution=execution):
        tiling = tiling_of(size, taps, execution)
        strips = Strips(
            weights,
            taps=taps,
            size=size if tiling is None else tiling.window_size,
            dtype=dtype,
            architecture=architecture,
        )
        return strips if tiling is None else Windows(strips, tiling)
    return Network(
        weights,
        taps=taps,
        device=device,
        dtype=dtype,
        architecture=architecture,
        convolutions=arithmetic.convolutions,
        checkpointing=execution.checkpointing,
    )
