"""Which arithmetic CUDA uses for float32."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch


def true_float32() -> AbstractContextManager[None]:
    """Return a context in which convolutions are not rounded to TF32.

    PyTorch lets cuDNN use TF32, with its ten bits of mantissa, for float32 convolutions unless
    told otherwise; nothing computed so could agree with another backend to 1e-5. Matrix products
    are true float32 by default. cuDNN may try its algorithms once per shape, which are few here.
    """
    context: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=True, allow_tf32=False
    )
    return context
