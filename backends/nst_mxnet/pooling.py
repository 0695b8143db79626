"""2x2 pooling with stride 2, and its gradient without what was pooled.

An odd last row or column is left out (the convention ``valid``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nst_mxnet._framework import Tensor, mx
from nst_mxnet.layout import device_of


class Choice(NamedTuple):
    """Which of 2x2 values was the largest, (1, C, H // 2, W // 2) bool each.

    Attributes:
        above: Whether the right one of the upper row is larger than the left one.
        below: Likewise of the lower row.
        lower: Whether the larger one of the lower row is larger than that of the upper row.
        positive: Whether the largest is above zero, where a ReLU before lets its gradient through.
    """

    above: Tensor
    below: Tensor
    lower: Tensor
    positive: Tensor


def max_pooled(x: Tensor) -> tuple[Tensor, Choice]:
    """Return the largest of each 2x2 values of ``x`` (1, C, H, W), and which it was.

    Of equal values the first, row by row, counts, as in MXNet's own and in PyTorch. What is
    pooled comes out of a ReLU.
    """
    a, b, c, d = _quarters(x)
    upper, lower = mx.np.maximum(a, b), mx.np.maximum(c, d)
    pooled = mx.np.maximum(upper, lower)
    return pooled, Choice(b > a, d > c, lower > upper, pooled > 0)


def max_unpooled(gradient: Tensor, choice: Choice, shape: Sequence[int]) -> Tensor:
    """Return the gradient of ``shape`` (1, C, H, W), zero where what was pooled is not positive."""
    gradient = gradient * choice.positive
    lower = gradient * choice.lower
    upper = gradient - lower  # one of the two is the gradient itself, the other zero
    right_above, right_below = upper * choice.above, lower * choice.below
    return _assembled(
        (upper - right_above, right_above, lower - right_below, right_below), shape, of=gradient
    )


def average_pooled(x: Tensor) -> Tensor:
    """Return the mean of each 2x2 values of ``x`` (1, C, H, W)."""
    return mx.npx.pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="avg")


def average_unpooled(gradient: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the gradient of ``shape`` (1, C, H, W) from that of the means of its 2x2 values."""
    return _assembled((gradient / 4,) * 4, shape, of=gradient)


def _quarters(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the four places in each 2x2 values: upper left and right, lower left and right."""
    height, width = (length // 2 * 2 for length in x.shape[2:])
    # Rows first: each slice of an array in oneDNN's layout brings all of it into plain order.
    upper, lower = x[:, :, 0:height:2], x[:, :, 1:height:2]
    a, b, c, d = (rows[:, :, :, column:width:2] for rows in (upper, lower) for column in (0, 1))
    return a, b, c, d


def _assembled(quarters: Sequence[Tensor], shape: Sequence[int], *, of: Tensor) -> Tensor:
    height, width = (length // 2 * 2 for length in shape[2:])
    left_out = (height, width) != tuple(shape[2:])
    new = mx.np.zeros if left_out else mx.np.empty
    with device_of(of):
        out = new(tuple(shape), dtype=of.dtype)
    places = ((row, column) for row in (0, 1) for column in (0, 1))
    for (row, column), quarter in zip(places, quarters, strict=True):
        out[:, :, row:height:2, column:width:2] = quarter
    return out
