"""The pure functions that are compiled: each maps arrays to arrays, and nothing else changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jax

from nst_jax._framework import Tensor
from nst_jax.adam import AdamArrays, AdamNumbers, updated
from nst_jax.losses import LossWeights, Targets, weighted_losses
from nst_jax.matched_loss import Sampling, side_by_side
from nst_jax.network import Parameters, features
from nst_jax.program import Program
from nst_jax.sliced import project
from nst_jax.statistics import Densities, additive
from nst_jax.variables import Enlarging, composed


def losses_and_gradient(
    program: Program,
    given: Parameters,
    weights: LossWeights,
    targets: Targets,
    enlarging: Enlarging,
    z: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return all losses at the image of the variables ``z``, and the total's gradient."""

    def total(z: Tensor) -> tuple[Tensor, Tensor]:
        x = composed(enlarging, z)
        return weighted_losses(program, weights, targets, x, features(program, given, x))

    (_, losses), gradient = jax.value_and_grad(total, has_aux=True)(z)
    return losses, gradient


def adam_step(
    program: Program,
    given: Parameters,
    weights: LossWeights,
    targets: Targets,
    enlarging: Enlarging,
    numbers: AdamNumbers,
    arrays: AdamArrays,
) -> tuple[AdamArrays, Tensor]:
    """Return the arrays after one step, and the losses before it."""
    losses, gradient = losses_and_gradient(program, given, weights, targets, enlarging, arrays.z)
    return updated(arrays, gradient, numbers), losses


def style_statistics(
    program: Program, given: Parameters, densities: Densities, x: Tensor
) -> dict[str, dict[int, Sequence[Tensor]]]:
    """Return tap -> region -> statistics of one style: see ``statistics.additive``."""
    found = features(program, given, x)
    return additive(found, densities, program.style_statistics)


def style_projections(
    program: Program, given: Parameters, directions: Mapping[str, Tensor], x: Tensor
) -> dict[str, Tensor]:
    """Return tap -> the projections (N, P) of one style's pixels on directions (P, C)."""
    found = features(program, given, x)
    return {tap: project(found[tap], one).T for tap, one in directions.items()}


def sampled(
    program: Program, given: Parameters, samplings: Mapping[str, Sampling], x: Tensor
) -> dict[str, Tensor]:
    """Return name of the group -> features (n, D) of an image on the group's grid."""
    found = features(program, given, x)
    return {name: side_by_side(found, one) for name, one in samplings.items()}


def image(program: Program, enlarging: Enlarging, z: Tensor) -> Tensor:  # noqa: ARG001
    """Return the normalised image of the variables."""
    return composed(enlarging, z)
