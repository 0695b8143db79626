"""Three style losses by three ideas of style, and what nearest neighbours say about variety.

Each is relative, so that pictures of different styles can be averaged: 0 is the style itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

_PROJECTIONS, _QUANTILES = 64, 256


def gram_distance(painted: torch.Tensor, style: torch.Tensor) -> float:
    """Return |G - G_s|^2 / |G_s|^2 of the Gram matrices of two maps (C, H, W) of any sizes."""
    first, second = (_gram(one) for one in (painted, style))
    return float((first - second).square().sum() / second.square().sum())


def sliced_distance(painted: torch.Tensor, style: torch.Tensor) -> float:
    """Return the sliced Wasserstein distance of two maps' features, over the style's variance.

    The 64 directions are drawn with a fixed seed. 256 quantiles stand for each distribution.
    """
    channels = style.shape[0]
    drawn = np.random.default_rng(0).standard_normal((_PROJECTIONS, channels)).astype(np.float32)
    directions = torch.from_numpy(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))
    levels = (torch.arange(_QUANTILES) + 0.5) / _QUANTILES
    first, second = (
        torch.quantile(directions @ _flat(one)[:, :: _stride(one)], levels, dim=1)
        for one in (painted, style)
    )
    spread = (second - second.mean(dim=0)).square().mean()
    return float((first - second).square().mean() / spread)


class Neighbours(NamedTuple):
    """What the nearest neighbours of a picture's positions in the style say.

    Attributes:
        distance: The mean cosine distance to them, features centred on the style's mean: 0...2.
        coverage: The share of the style's positions that are somebody's nearest neighbour, of as
            many as there could be.
        repetition: The share of the picture's positions whose neighbour is among the hundredth of
            the style's positions that are used most.
    """

    distance: float
    coverage: float
    repetition: float


def neighbours(painted: torch.Tensor, style: torch.Tensor) -> Neighbours:
    """Return the nearest neighbours' numbers of two maps (C, H, W) of any sizes."""
    mean = _flat(style).mean(dim=1, keepdim=True)
    first, second = (directions_of(_flat(one) - mean) for one in (painted, style))
    best = (first.T @ second).max(dim=1)
    counts = torch.bincount(best.indices, minlength=second.shape[1])
    most = max(1, second.shape[1] // 100)
    return Neighbours(
        distance=float(1 - best.values.mean()),
        coverage=float((counts > 0).sum() / min(first.shape[1], second.shape[1])),
        repetition=float(counts.sort(descending=True).values[:most].sum() / first.shape[1]),
    )


def self_similarity_distance(painted: torch.Tensor, content: torch.Tensor) -> float:
    """Return how differently two maps (C, H, W) of one size are similar to themselves.

    It is the mean absolute difference of their matrices of cosine distances, each column divided by
    its sum, times the number of positions: the content term of Kolkin et al. (2019).
    """
    first, second = (_self_distances(one) for one in (painted, content))
    return float((first - second).abs().mean() * first.shape[0])


def directions_of(features: torch.Tensor) -> torch.Tensor:
    """Return features (C, N) divided by their norms; features of norm 0 stay 0."""
    norms: torch.Tensor = features.norm(dim=0, keepdim=True)
    return features / norms.clamp_min(1e-12)


def _self_distances(features: torch.Tensor) -> torch.Tensor:
    unit = directions_of(_flat(features))
    distances = 1 - unit.T @ unit
    return distances / distances.sum(dim=0, keepdim=True).clamp_min(1e-12)


def _flat(features: torch.Tensor) -> torch.Tensor:
    return features.reshape(features.shape[0], -1)


def _gram(features: torch.Tensor) -> torch.Tensor:
    flat = _flat(features)
    return flat @ flat.T / flat.shape[1]


def _stride(features: torch.Tensor) -> int:
    # A tenth of a million positions have the same quantiles as all.
    return max(1, features.shape[1] * features.shape[2] // 100_000)
