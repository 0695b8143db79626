"""2x2 pooling with stride 2, and its gradient.

It comes from one byte for each value that goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

RIGHT, BELOW, NONE = 1, 2, 4
"""A code is RIGHT if the largest is in the right column, plus BELOW if it is in the row below;
plus NONE if it isn't above zero, where the ReLU before lets no gradient through."""


def max_pool(
    quarters: Sequence[Tensor], *, out: Tensor, codes: Tensor, scratch: Sequence[Tensor]
) -> None:
    """Write the largest of four values, or 0 if it is below 0: a ReLU and a pooling in one.

    Of equal values the first, row by row, counts, as in PyTorch and in MXNet.

    Args:
        quarters: Four tensors of one shape: the upper left values, the upper right ones, the lower
            left ones, the lower right ones.
        out: Of that shape.
        codes: Of that shape, int8: where the largest were.
        scratch: Five tensors of that shape; their values are lost.
    """
    a, b, c, d = quarters
    upper, lower, left, right, below = scratch
    # Comparisons into floats: into bools they take ten times as long on a CPU.
    torch.maximum(a, b, out=upper)
    torch.maximum(c, d, out=lower)
    torch.gt(b, a, out=left)
    torch.gt(d, c, out=right)
    torch.gt(lower, upper, out=below)
    torch.maximum(upper, lower, out=upper)
    torch.sub(right, left, out=right)
    torch.addcmul(left, right, below, out=left)  # of the right row: is it the right column?
    torch.add(left, below, alpha=BELOW, out=left)
    torch.le(upper, 0, out=lower)
    torch.add(left, lower, alpha=NONE, out=left)
    codes.copy_(left)
    torch.clamp_min(upper, 0, out=out)


def max_pooled(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the pooled ``x`` (1, C, H, W), none of it negative, and what ``max_unpooled`` needs.

    On a GPU in one launch, and with indices of 8 bytes in place of codes of one; on a CPU the
    library takes longer than the comparisons here.
    """
    if x.is_cuda:
        return library_max_pooled(x)
    quarters = quarters_of(x[0].permute(1, 2, 0).contiguous())
    out, *scratch = (torch.empty_like(quarters[0]) for _ in range(6))
    codes = torch.empty_like(out, dtype=torch.int8)
    max_pool(quarters, out=out, codes=codes, scratch=scratch)
    return _as_tensor(out), codes


def max_unpooled(gradient: Tensor, codes: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the gradient of ``shape`` (1, C, H, W) from that of what ``max_pooled`` returned."""
    if gradient.is_cuda:
        return library_max_unpooled(gradient, codes, shape)
    _, channels, height, width = shape
    out = gradient.new_zeros(height, width, channels)  # an odd last row stays zero
    pooled = gradient[0].permute(1, 2, 0).contiguous()
    scratch = [torch.empty_like(pooled) for _ in range(2)]
    max_unpool(pooled, codes, quarters=quarters_of(out), scratch=scratch)
    return _as_tensor(out)


def library_max_pooled(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return what PyTorch makes of ``x``, and the indices of the largest, int64."""
    pooled, indices = torch.ops.aten.max_pool2d_with_indices(x, [2, 2], [2, 2])
    return pooled, indices


def library_max_unpooled(gradient: Tensor, indices: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the gradient of ``shape`` from the indices that ``library_max_pooled`` returned."""
    # Of what was pooled only shape and layout count.
    like = torch.empty(
        tuple(shape),
        dtype=gradient.dtype,
        device=gradient.device,
        memory_format=torch.channels_last,
    )
    found: Tensor = torch.ops.aten.max_pool2d_with_indices_backward(
        gradient, like, [2, 2], [2, 2], [0, 0], [1, 1], False, indices
    )
    return found


def average_unpooled(gradient: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the gradient of ``shape`` (1, C, H, W) from that of the means of its 2x2 values."""
    _, _, height, width = gradient.shape
    out = gradient.new_zeros(tuple(shape)).contiguous(memory_format=torch.channels_last)
    part = gradient / 4
    for row in (0, 1):
        for column in (0, 1):
            out[:, :, row : 2 * height : 2, column : 2 * width : 2] = part
    return out


def max_unpool(
    gradient: Tensor, codes: Tensor, *, quarters: Sequence[Tensor], scratch: Sequence[Tensor]
) -> None:
    """Write the gradient with respect to what ``max_pool`` was given.

    Args:
        gradient: With respect to what it put out.
        codes: As it wrote them.
        quarters: Are overwritten.
        scratch: Two tensors of the gradient's shape and dtype.
    """
    where, this = scratch
    where.copy_(codes)
    for code, part in enumerate(quarters):
        torch.eq(where, code, out=this)
        torch.mul(this, gradient, out=part)


def average_pool(
    quarters: Sequence[Tensor], *, out: Tensor, codes: Tensor, scratch: Sequence[Tensor]
) -> None:
    """Write the mean of four values, each 0 if it is below 0: a ReLU and a pooling in one.

    Args:
        quarters: As for ``max_pool``, as all others.
        out: The means.
        codes: Which of the four were above zero, a bit for each.
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


def average_unpool(
    gradient: Tensor, codes: Tensor, *, quarters: Sequence[Tensor], scratch: Sequence[Tensor]
) -> None:
    """Write the gradient with respect to what ``average_pool`` was given; see ``max_unpool``."""
    code, bit = scratch
    code.copy_(codes)
    for number, part in reversed(list(enumerate(quarters))):
        torch.ge(code, 1 << number, out=bit)
        torch.sub(code, bit, alpha=1 << number, out=code)
        bit.mul_(0.25)
        torch.mul(bit, gradient, out=part)


class InBlocks(NamedTuple):
    """A pooling with the ReLU before it, and its gradient: ``max_pool`` and ``max_unpool``, say."""

    pool: Callable[..., None]
    unpool: Callable[..., None]


IN_BLOCKS: Mapping[str, InBlocks] = {
    "max": InBlocks(max_pool, max_unpool),
    "average": InBlocks(average_pool, average_unpool),
}


def quarters_of(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return views (H // 2, W // 2, C) of the four places in each 2x2 values of ``x`` (H, W, C)."""
    even = x[: x.shape[0] // 2 * 2, : x.shape[1] // 2 * 2]
    return even[0::2, 0::2], even[0::2, 1::2], even[1::2, 0::2], even[1::2, 1::2]


def _as_tensor(whole: Tensor) -> Tensor:
    return whole.permute(2, 0, 1)[None]
