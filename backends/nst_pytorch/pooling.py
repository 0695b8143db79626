"""2x2 pooling with stride 2, and its gradient.

That of max-pooling comes from one byte for each value that goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

RIGHT, BELOW = 1, 2
"""Bits of a code: the largest of the four values is in the right column, in the row below."""


def max_pool(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest of each 2x2 values of ``x`` (H, W, C), and codes that say which it was.

    Of equal values the first, row by row, counts, as in PyTorch and in MXNet. An odd last row or
    column is left out.

    Returns:
        (H // 2, W // 2, C) of x's dtype, and the same shape of uint8.
    """
    (a, b), (c, d) = quarters(x)
    upper, lower = torch.maximum(a, b), torch.maximum(c, d)
    largest = torch.maximum(upper, lower)
    below = lower > upper
    right = torch.where(below, d > c, b > a)
    codes = below.to(torch.uint8).mul_(BELOW).add_(right.to(torch.uint8).mul_(RIGHT))
    return largest, codes


def max_unpool(gradient: Tensor, codes: Tensor, out: Tensor) -> Tensor:
    """Write the gradient with respect to what was pooled into ``out`` (H, W, C), and return it.

    Args:
        gradient: With respect to the largest values, (H // 2, W // 2, C).
        codes: As ``max_pool`` gives them.
        out: Is overwritten; an odd last row and column get zeros.
    """
    height, width, _ = gradient.shape
    out[2 * height :].zero_()
    out[:, 2 * width :].zero_()
    for row, halves in enumerate(quarters(out)):
        for column, part in enumerate(halves):
            torch.mul(gradient, codes == row * BELOW + column * RIGHT, out=part)
    return out


def average_unpool(gradient: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the gradient of ``shape`` (1, C, H, W) from that of the means of its 2x2 values."""
    _, _, height, width = gradient.shape
    out = gradient.new_zeros(tuple(shape)).contiguous(memory_format=torch.channels_last)
    part = gradient / 4
    for row in (0, 1):
        for column in (0, 1):
            out[:, :, row : 2 * height : 2, column : 2 * width : 2] = part
    return out


def quarters(x: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return views (H // 2, W // 2, C) of the four places in each 2x2 values of ``x``."""
    even = x[: x.shape[0] // 2 * 2, : x.shape[1] // 2 * 2]
    return (
        (even[0::2, 0::2], even[0::2, 1::2]),
        (even[1::2, 0::2], even[1::2, 1::2]),
    )
