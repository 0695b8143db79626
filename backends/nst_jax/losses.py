"""Content, style and total variation losses, as ``nst_core.backend.Objective`` defines them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from nst_core.backend import Losses, Objective
from nst_jax._framework import Tensor
from nst_jax.content_loss import absolute, distance
from nst_jax.matched_loss import GroupTarget, matched_loss
from nst_jax.program import Program
from nst_jax.reductions import mean, total
from nst_jax.style_loss import RegionTarget, style_loss


class Targets(NamedTuple):
    """What the image is compared with.

    Attributes:
        content: Tap -> the content picture's features (H, W, C).
        style: Tap -> the styles' statistics.
        visibility: Content tap -> how much each pixel counts, (H, W); empty if all count alike.
        variation: The weights of the differences between rows (H - 1, W) and between columns
            (H, W - 1) in the total variation, of sum 1; None if all count alike.
        neighbours: Name of the group -> the nearest neighbours that were found last.
    """

    content: Mapping[str, Tensor]
    style: Mapping[str, Sequence[RegionTarget]]
    visibility: Mapping[str, Tensor]
    variation: tuple[Tensor, Tensor] | None
    neighbours: Mapping[str, GroupTarget]


class LossWeights(NamedTuple):
    """The numbers of an objective."""

    content: Mapping[str, float]
    style: Mapping[str, float]
    groups: Mapping[str, float]
    total_variation: float
    style_multiplicity: float

    @classmethod
    def of(cls, objective: Objective) -> LossWeights:
        """Return the numbers of an objective."""
        return cls(
            {tap: float(weight) for tap, weight in objective.content.items()},
            {tap: float(weight) for tap, weight in objective.style.items()},
            {group.name: float(group.weight) for group in objective.tap_groups()},
            float(objective.total_variation),
            float(objective.style_multiplicity),
        )


def total_variation(x: Tensor, weights: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Return half the sum of the mean |differences| over rows and over columns of x (H, W, 3).

    Args:
        x: The normalised image.
        weights: See ``Targets.variation``.
    """
    rows, columns = absolute(x[1:] - x[:-1]), absolute(x[:, 1:] - x[:, :-1])
    if weights is None:
        return 0.5 * (mean(rows) + mean(columns))
    by_row, by_column = (one[:, :, None] for one in weights)
    return 0.5 * (total(by_row * rows) + total(by_column * columns)) / x.shape[-1]


def weighted_losses(
    program: Program,
    weights: LossWeights,
    targets: Targets,
    x: Tensor,
    features: Mapping[str, Tensor],
) -> tuple[Tensor, Tensor]:
    """Return the total (), and all losses in the order in which ``read`` takes them."""
    content = [
        weights.content[tap]
        * distance(
            features[tap] - targets.content[tap],
            program.content_distance,
            targets.visibility.get(tap),
        )
        for tap in program.content
    ]
    style = [
        weights.style[tap] * style_loss(program, features[tap], targets.style[tap])
        for tap in program.style
    ]
    centred = program.matching.centred_loss
    style += [
        weights.groups[name] * matched_loss(features, targets.neighbours[name], centred=centred)
        for name in program.groups
    ]
    variation = weights.total_variation * total_variation(x, targets.variation)
    counted = [weights.style_multiplicity * loss for loss in style]
    everything = jnp.stack([*content, *counted, variation]).sum()
    return everything, jnp.stack([*content, *style, variation, everything])


def read(losses: Tensor, program: Program) -> Losses:
    """Wait for the losses and return them as a record."""
    values = iter(np.asarray(losses).tolist())
    return Losses(
        content={tap: next(values) for tap in program.content},
        style={name: next(values) for name in (*program.style, *program.groups)},
        total_variation=next(values),
        total=next(values),
    )
