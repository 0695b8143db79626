"""2x2 pooling with stride 2 of tensors (1, C, H, W), and its gradient.

The backward pass needs one byte per pooled value: a code for the place of the largest value.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nst_pytorch.cpu.pooling import relu_max_pool, relu_max_pool_backward, split_2x2


def max_pool(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the pooled ``x`` (1, C, H, W), no value below 0, and codes for the backward pass.

    On a GPU the library does it in one launch, with int64 indices (8 bytes) in place of codes of
    one byte. On a CPU the library takes longer than the comparisons used here.
    """
    if x.is_cuda:
        return library_max_pool(x)
    quarters = split_2x2(x[0].permute(1, 2, 0).contiguous())
    out, *scratch = (torch.empty_like(quarters[0]) for _ in range(6))
    codes = torch.empty_like(out, dtype=torch.int8)
    relu_max_pool(quarters, out=out, codes=codes, scratch=scratch)
    return _as_nchw(out), codes


def max_pool_backward(gradient: Tensor, codes: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the gradient of ``shape`` (1, C, H, W) from that of the result of ``max_pool``."""
    if gradient.is_cuda:
        return library_max_pool_backward(gradient, codes, shape)
    _, channels, height, width = shape
    out = gradient.new_zeros(height, width, channels)  # an odd last row stays zero
    pooled = gradient[0].permute(1, 2, 0).contiguous()
    scratch = [torch.empty_like(pooled) for _ in range(2)]
    relu_max_pool_backward(pooled, codes, quarters=split_2x2(out), scratch=scratch)
    return _as_nchw(out)


def library_max_pool(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return PyTorch's own max-pooling of ``x``, and the indices of the largest values, int64."""
    pooled, indices = torch.ops.aten.max_pool2d_with_indices(x, [2, 2], [2, 2])
    return pooled, indices


def library_max_pool_backward(gradient: Tensor, indices: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the gradient of ``shape`` from the indices that ``library_max_pool`` returned."""
    # Only the shape and the layout of the pooled tensor are used.
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


def average_pool_backward(gradient: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the gradient of ``shape`` (1, C, H, W) from that of the means of its 2x2 values."""
    _, _, height, width = gradient.shape
    out = gradient.new_zeros(tuple(shape)).contiguous(memory_format=torch.channels_last)
    quarter = gradient / 4
    for row in (0, 1):
        for column in (0, 1):
            out[:, :, row : 2 * height : 2, column : 2 * width : 2] = quarter
    return out


def _as_nchw(values: Tensor) -> Tensor:
    return values.permute(2, 0, 1)[None]
