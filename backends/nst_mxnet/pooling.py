"""2x2 pooling with stride 2, and its gradient, which does not need the pooled values.

An odd last row or column is left out (MXNet's pooling convention ``valid``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nst_mxnet._framework import Tensor, mx
from nst_mxnet.layout import device_of


class ArgmaxMasks(NamedTuple):
    """Which value of each 2x2 window was the largest, as bool arrays (1, C, H // 2, W // 2).

    Attributes:
        upper_right: Whether the right value of the upper row is larger than the left one.
        lower_right: The same for the lower row.
        lower: Whether the larger value of the lower row is larger than that of the upper row.
        positive: Whether the largest value is above zero, where a ReLU before the pooling lets the
            gradient through.
    """

    upper_right: Tensor
    lower_right: Tensor
    lower: Tensor
    positive: Tensor


def max_pool(x: Tensor) -> tuple[Tensor, ArgmaxMasks]:
    """Return the largest value of each 2x2 window of ``x`` (1, C, H, W), and which one it was.

    Where values are equal, the first one, row by row, counts, as in MXNet's own pooling and in
    PyTorch. ``x`` is the output of a ReLU.
    """
    a, b, c, d = _quarters(x)
    upper, lower = mx.np.maximum(a, b), mx.np.maximum(c, d)
    pooled = mx.np.maximum(upper, lower)
    return pooled, ArgmaxMasks(b > a, d > c, lower > upper, pooled > 0)


def max_pool_backward(gradient: Tensor, argmax: ArgmaxMasks, shape: Sequence[int]) -> Tensor:
    """Return the gradient of ``shape`` (1, C, H, W); zero where the ReLU before let nothing pass.

    Args:
        gradient: Gradient with respect to the pooled values, (1, C, H // 2, W // 2).
        argmax: As ``max_pool`` returned it.
        shape: Shape of the array that was pooled.
    """
    gradient = gradient * argmax.positive
    lower = gradient * argmax.lower
    upper = gradient - lower  # one of the two is the gradient itself, the other is zero
    upper_right, lower_right = upper * argmax.upper_right, lower * argmax.lower_right
    quarters = (upper - upper_right, upper_right, lower - lower_right, lower_right)
    return _from_quarters(quarters, shape, like=gradient)


def average_pool(x: Tensor) -> Tensor:
    """Return the mean of each 2x2 window of ``x`` (1, C, H, W)."""
    return mx.npx.pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="avg")


def average_pool_backward(gradient: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the gradient of ``shape`` (1, C, H, W) from that of the means of its 2x2 windows."""
    return _from_quarters((gradient / 4,) * 4, shape, like=gradient)


def _quarters(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the upper left, upper right, lower left and lower right values of all windows."""
    height, width = (length // 2 * 2 for length in x.shape[2:])
    # The rows are sliced first: every slice of an array in oneDNN's layout converts the whole array
    # to the plain layout.
    upper, lower = x[:, :, 0:height:2], x[:, :, 1:height:2]
    a, b, c, d = (rows[:, :, :, column:width:2] for rows in (upper, lower) for column in (0, 1))
    return a, b, c, d


def _from_quarters(quarters: Sequence[Tensor], shape: Sequence[int], *, like: Tensor) -> Tensor:
    height, width = (length // 2 * 2 for length in shape[2:])
    odd = (height, width) != tuple(shape[2:])  # then the last row or column stays zero
    new = mx.np.zeros if odd else mx.np.empty
    with device_of(like):
        out = new(tuple(shape), dtype=like.dtype)
    corners = ((row, column) for row in (0, 1) for column in (0, 1))
    for (row, column), quarter in zip(corners, quarters, strict=True):
        out[:, :, row:height:2, column:width:2] = quarter
    return out
