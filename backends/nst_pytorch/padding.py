"""Replication padding by one pixel, and its gradient."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def replicate_pad(x: Tensor) -> Tensor:
    """Return ``x`` (1, C, H, W) with each edge repeated once outside, (1, C, H + 2, W + 2)."""
    return functional.pad(x, (1, 1, 1, 1), mode="replicate")


def replicate_pad_backward(gradient: Tensor) -> Tensor:
    """Return the gradient (1, C, H, W) from one (1, C, H + 2, W + 2), which is overwritten."""
    for axis in (2, 3):
        last = gradient.shape[axis] - 1
        for outside, edge in ((0, 1), (last, last - 1)):
            gradient.select(axis, edge).add_(gradient.select(axis, outside))
    return gradient[:, :, 1:-1, 1:-1]
