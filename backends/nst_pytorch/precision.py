"""What float32 values are rounded to before they are multiplied, and in which operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from nst_core.backend import Precision
from nst_core.errors import BackendError
from nst_pytorch.cpu.processor import multiplies_bf16


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How convolutions are computed; everything else is computed in the session's dtype.

    Attributes:
        tf32: Whether cuDNN may round float32 to TF32, with its ten bits of mantissa.
        convolutions: The dtype of the convolutions' inputs.
    """

    tf32: bool
    convolutions: torch.dtype

    @classmethod
    def of(cls, precision: Precision, *, device: torch.device, dtype: torch.dtype) -> Arithmetic:
        """Return what ``precision`` means on a device.

        Raises:
            BackendError: if the device does not have it, or not with ``dtype``.
        """
        on_cuda = device.type == "cuda"
        if precision == "auto":
            return cls(on_cuda and dtype == torch.float32, dtype)
        if precision in {"tf32", "bf16"} and dtype != torch.float32:
            raise BackendError(
                f"--precision {precision} is for --dtype float32, use it or auto with float64"
            )
        if precision == "tf32" and not on_cuda:
            raise BackendError(
                f"--precision tf32 is for CUDA: use float32, bf16 or auto on {device.type}"
            )
        if precision == "bf16" and device.type == "cpu" and not multiplies_bf16():
            raise BackendError(
                "--precision bf16 needs a processor that multiplies bf16 (AVX512-BF16 or AMX), and "
                "this one does not: use --precision float32"
            )
        return cls(precision == "tf32", torch.bfloat16 if precision == "bf16" else dtype)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Apply this inside, whatever the surrounding program has set, and restore its settings.

        cuDNN chooses its algorithms by its own heuristics: trying them out (``benchmark``) gained
        nothing and took all free memory. Matrix products are true float32: nothing less precise
        could agree with another backend to 1e-5.
        """
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        try:
            with torch.backends.cudnn.flags(enabled=True, benchmark=False, allow_tf32=self.tf32):
                yield
        finally:
            torch.set_float32_matmul_precision(before)
