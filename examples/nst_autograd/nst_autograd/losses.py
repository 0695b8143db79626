"""The losses, as ``nst_core.backend.Objective`` defines them."""

from typing import Any

import torch
from torch import Tensor

from nst_core.backend import COVARIANCE_EPSILON, SCALED_EPSILON
from nst_core.backend.guidance import Region

Moments = tuple[Tensor, ...]
"""One region's statistics: a Gram matrix; or a mean and a second moment, in float64."""


def distance(difference: Tensor, kind: str) -> Tensor:
    """Return the mean square of a difference, or sum(D^2) / (sum|D| + 1e-8)."""
    if kind == "mse":
        return (difference**2).mean()
    return (difference**2).sum() / (difference.abs().sum() + SCALED_EPSILON)


def total_variation(x: Tensor) -> Tensor:
    """Return half the sum of the mean |differences| over rows and over columns of x."""
    rows, columns = x[:, :, 1:] - x[:, :, :-1], x[..., 1:] - x[..., :-1]
    return (rows.abs().mean() + columns.abs().mean()) / 2


def moments(features: Tensor, region: Region, statistics: str) -> Moments:
    """Return the statistics of a region of features (C, H, W), weighted by its density."""
    flat = features.flatten(1)
    if statistics == "wasserstein":
        flat = flat.double()
    if region.density is None:
        weighted = flat / flat.shape[1]
    else:
        weighted = flat * torch.tensor(region.density.ravel(), dtype=flat.dtype)
    second = weighted @ flat.T
    return (weighted.sum(1), second) if statistics == "wasserstein" else (second / len(flat),)


def style_loss(found: Moments, target: Moments, *, kind: str) -> Tensor:
    """Return the loss of one region."""
    if len(found) == 2:
        return _wasserstein(found, target)
    difference = found[0] - target[0]
    return distance(difference * len(difference) if kind == "scaled" else difference, kind)


def _wasserstein(found: Moments, target: Moments) -> Tensor:
    (mean, k), (other_mean, other) = _normal(*found), _normal(*target)
    squared = ((mean - other_mean) ** 2).sum() + k.trace() + other.trace()
    cross: Tensor = _TraceOfRoot.apply(k, other)
    return (squared - 2 * cross) / len(mean)


def _normal(mean: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    covariance = second - torch.outer(mean, mean)
    return mean, covariance + COVARIANCE_EPSILON * torch.eye(len(mean), dtype=mean.dtype)


class _TraceOfRoot(torch.autograd.Function):
    """tr((K^1/2 L K^1/2)^1/2) and its gradient with respect to K.

    The gradient of ``eigh`` divides by differences of eigenvalues, which may be 0. The trace has
    a gradient without them: half of K^-1/2 (K^1/2 L K^1/2)^1/2 K^-1/2.
    """

    @staticmethod
    def forward(ctx: Any, k: Tensor, other: Tensor) -> Tensor:
        """Return the trace, and keep its gradient."""
        half = _root(k)
        middle = _root(half @ other @ half)
        inverse = torch.linalg.inv(half)
        ctx.save_for_backward(inverse @ middle @ inverse / 2)
        return middle.trace()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient with respect to K; L is constant."""
        (by_k,) = ctx.saved_tensors
        return gradient * by_k, None


def _root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root
