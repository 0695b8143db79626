"""Replication padding by one pixel, and its gradient."""

from __future__ import annotations

from nst_mxnet._framework import Tensor, mx


def replicate_pad(x: Tensor) -> Tensor:
    """Return ``x`` (1, C, H, W) with each edge repeated once outside, (1, C, H + 2, W + 2)."""
    x = mx.np.concatenate([x[:, :, :1], x, x[:, :, -1:]], axis=2)
    return mx.np.concatenate([x[:, :, :, :1], x, x[:, :, :, -1:]], axis=3)


def replicate_pad_backward(gradient: Tensor) -> Tensor:
    """Return the gradient (1, C, H, W) from one (1, C, H + 2, W + 2)."""
    found = gradient[:, :, 1:-1]
    found[:, :, :1] += gradient[:, :, :1]
    found[:, :, -1:] += gradient[:, :, -1:]
    inner = found[:, :, :, 1:-1]
    inner[:, :, :, :1] += found[:, :, :, :1]
    inner[:, :, :, -1:] += found[:, :, :, -1:]
    return inner
