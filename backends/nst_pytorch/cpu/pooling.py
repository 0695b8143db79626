"""A ReLU and a 2x2 pooling in one, of values in any layout, and their gradient.

The four values that are pooled are given as four tensors ("quarters"): the upper left values of all
2x2 squares, the upper right, the lower left and the lower right ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

RIGHT, BELOW, NONE = 1, 2, 4
"""The code of a maximum: RIGHT if it is in the right column, plus BELOW if it is in the lower row,
plus NONE if it is not above zero, where the ReLU before passes no gradient."""


def relu_max_pool(
    quarters: Sequence[Tensor], *, out: Tensor, codes: Tensor, scratch: Sequence[Tensor]
) -> None:
    """Write the largest of four values, or 0 if it is below 0.

    Of equal values the first, row by row, is taken, as in PyTorch and in MXNet.

    Args:
        quarters: Four tensors of one shape.
        out: A tensor of that shape.
        codes: A tensor of that shape, int8, for the places of the maxima.
        scratch: Five tensors of that shape; their values are lost.
    """
    a, b, c, d = quarters
    upper, lower, left, right, below = scratch
    # The comparisons write floats: writing bools takes ten times as long on a CPU.
    torch.maximum(a, b, out=upper)
    torch.maximum(c, d, out=lower)
    torch.gt(b, a, out=left)
    torch.gt(d, c, out=right)
    torch.gt(lower, upper, out=below)
    torch.maximum(upper, lower, out=upper)
    torch.sub(right, left, out=right)
    torch.addcmul(left, right, below, out=left)  # in the maximum's row: is it the right column?
    torch.add(left, below, alpha=BELOW, out=left)
    torch.le(upper, 0, out=lower)
    torch.add(left, lower, alpha=NONE, out=left)
    codes.copy_(left)
    torch.clamp_min(upper, 0, out=out)


def relu_max_pool_backward(
    gradient: Tensor, codes: Tensor, *, quarters: Sequence[Tensor], scratch: Sequence[Tensor]
) -> None:
    """Write the gradient with respect to the input of ``relu_max_pool``.

    Args:
        gradient: With respect to its output.
        codes: As it wrote them.
        quarters: Four tensors of the same shape, which are overwritten.
        scratch: Two tensors of the gradient's shape and dtype.
    """
    chosen, matches = scratch
    chosen.copy_(codes)
    for code, quarter in enumerate(quarters):
        torch.eq(chosen, code, out=matches)
        torch.mul(matches, gradient, out=quarter)


def relu_average_pool(
    quarters: Sequence[Tensor], *, out: Tensor, codes: Tensor, scratch: Sequence[Tensor]
) -> None:
    """Write the mean of four values, each taken as 0 if it is below 0.

    Args:
        quarters: As for ``relu_max_pool``, like all other arguments.
        out: The means.
        codes: Which of the four values were above zero, one bit each.
        scratch: Five tensors.
    """
    total, code, part, *_ = scratch
    total.zero_()
    code.zero_()
    for number, quarter in enumerate(quarters):
        torch.gt(quarter, 0, out=part)
        torch.add(code, part, alpha=1 << number, out=code)
        torch.clamp_min(quarter, 0, out=part)
        torch.add(total, part, out=total)
    codes.copy_(code)
    torch.mul(total, 0.25, out=out)


def relu_average_pool_backward(
    gradient: Tensor, codes: Tensor, *, quarters: Sequence[Tensor], scratch: Sequence[Tensor]
) -> None:
    """Write the gradient of ``relu_average_pool``; see ``relu_max_pool_backward``."""
    code, bit = scratch
    code.copy_(codes)
    for number, quarter in reversed(list(enumerate(quarters))):
        torch.ge(code, 1 << number, out=bit)
        torch.sub(code, bit, alpha=1 << number, out=code)
        bit.mul_(0.25)
        torch.mul(bit, gradient, out=quarter)


class ReluPool(NamedTuple):
    """One kind of pooling: a forward and a backward function with the arguments above."""

    forward: Callable[..., None]
    backward: Callable[..., None]


RELU_POOLS: Mapping[str, ReluPool] = {
    "max": ReluPool(relu_max_pool, relu_max_pool_backward),
    "average": ReluPool(relu_average_pool, relu_average_pool_backward),
}


def split_2x2(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the quarters of ``x`` (H, W, C): four views (H // 2, W // 2, C)."""
    even = x[: x.shape[0] // 2 * 2, : x.shape[1] // 2 * 2]
    return even[0::2, 0::2], even[0::2, 1::2], even[1::2, 0::2], even[1::2, 1::2]
