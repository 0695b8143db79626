"""The losses, as ``nst_core.backend.Objective`` defines them."""

from typing import Any

import torch
from torch import Tensor

from nst_core.backend import COVARIANCE_EPSILON, SCALED_EPSILON
from nst_core.backend.guidance import Region

Moments = tuple[Tensor, ...]
"""One region's statistics: a Gram matrix; in float64 a mean and a second moment, or quantiles."""


def distance(difference: Tensor, kind: str, weights: Tensor | None = None) -> Tensor:
    """Return the mean square of a difference, or sum(D^2) / (sum|D| + 1e-8).

    With weights (H, W) of the pixels, the mean and the sums are weighted.
    """
    by = torch.ones_like(difference) if weights is None else weights.expand_as(difference)
    squares = (by * difference**2).sum()
    if kind == "mse":
        return squares / by.sum()
    return squares / ((by * difference.abs()).sum() + SCALED_EPSILON)


def total_variation(x: Tensor, weights: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Return half the sum of the mean |differences| over rows and over columns of x.

    With weights, of sum 1, these are weighted means.
    """
    rows, columns = x[:, :, 1:] - x[:, :, :-1], x[..., 1:] - x[..., :-1]
    if weights is None:
        return (rows.abs().mean() + columns.abs().mean()) / 2
    by_row, by_column = weights
    return ((rows.abs() * by_row).sum() + (columns.abs() * by_column).sum()) / (2 * x.shape[1])


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


def projected(features: Tensor, directions: Tensor) -> Tensor:
    """Return the projections (P, N) of features (C, H, W) on directions (P, C)."""
    return directions @ features.flatten(1)


def sliced_style_loss(values: Tensor, region: Region, table: Tensor) -> Tensor:
    """Return the sliced Wasserstein loss of one region.

    Args:
        values: The image's projections (P, N).
        region: The region of the image.
        table: The style's quantiles (P, K).
    """
    ordered, order = values.sort(dim=1, stable=True)
    last = table.shape[1] - 1
    if region.density is None:
        weights = torch.full(order.shape, 1 / order.shape[1], dtype=torch.float64)
    else:
        weights = torch.tensor(region.density.ravel())[order]
    places = ((weights.cumsum(1) - weights / 2) * (last + 1) - 0.5).clamp(0, last)
    below = places.long()
    above = (below + 1).clamp(max=last)
    target = torch.lerp(table.gather(1, below), table.gather(1, above), places - below)
    squares = (ordered - target.to(ordered.dtype)) ** 2
    return (squares * weights.to(ordered.dtype)).sum() / len(values)


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
