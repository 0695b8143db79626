"""Style losses: the distance between the image's statistics and the styles'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp

from nst_jax._framework import Tensor
from nst_jax.content_loss import distance
from nst_jax.program import Program
from nst_jax.sliced import Quantiles
from nst_jax.statistics import Density, gram_matrix, mean_and_covariance
from nst_jax.wasserstein import Gaussian


class RegionTarget(NamedTuple):
    """What one region of the image is compared with at one tap.

    Attributes:
        area: The region's share of the area.
        density: (H, W), of sum 1; None if every pixel weighs the same.
        statistics: A Gram matrix (C, C), a ``Gaussian``, or ``Quantiles``.
    """

    area: float
    density: Density
    statistics: Tensor | Gaussian | Quantiles


def style_loss(program: Program, features: Tensor, target: Sequence[RegionTarget]) -> Tensor:
    """Return the loss () of features (H, W, C) at one tap, without its weight."""
    losses = [one.area * _region_loss(program, features, one) for one in target]
    return jnp.stack(losses).sum().astype(features.dtype)


def _region_loss(program: Program, features: Tensor, target: RegionTarget) -> Tensor:
    if isinstance(target.statistics, Quantiles):
        return target.statistics.distance(features, target.density)
    if isinstance(target.statistics, Gaussian):
        return target.statistics.distance(*mean_and_covariance(features, target.density))
    difference = gram_matrix(features, target.density) - target.statistics
    kind = program.style_distance
    # Scaled distances are those of Gram matrices over H*W alone, not C*H*W.
    return distance(difference * len(difference) if kind == "scaled" else difference, kind)
