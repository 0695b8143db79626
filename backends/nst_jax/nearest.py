"""The search for nearest neighbours: for each position of the image the style's nearest feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from nst_core.arrays import Array, Image
from nst_core.backend import Problem, Query, StyleSource, TapGroup
from nst_core.backend.positions import (
    ImagePositions,
    StylePositions,
    assign_styles,
    image_positions,
    matching_sources,
    style_positions,
)
from nst_core.vgg19 import feature_shape
from nst_jax._framework import Tensor
from nst_jax.matched_loss import GroupTarget, RegionTargets, Sampling, directions_of
from nst_jax.precision import EXACT
from nst_jax.program import Program
from nst_jax.resampling import matrices

IMAGE_ROWS = 512
"""Features of the image that are compared with all of the style's at a time."""

Sample = Callable[[Image, Mapping[str, Sampling]], Mapping[str, Tensor]]
"""Returns, for an image, name of the group -> its features (n, D) at a grid."""

Search = Callable[..., tuple[Tensor, Tensor]]
"""``nearest``, compiled for a program."""


class _Offer(NamedTuple):
    """What one style offers a region: its share, and ``nearest``'s results."""

    share: float
    cosines: Array
    directions: Array


class NearestNeighbours:
    """Finds the targets of matched losses.

    Args:
        problem: The work; its styles are read again at each search.
        tensor: Returns a copy of an array on the device, in the session's dtype.
        sample: Computes features of images.
        search: Compares them.
    """

    def __init__(
        self, problem: Problem, *, tensor: Callable[[Array], Tensor], sample: Sample, search: Search
    ) -> None:
        self._problem, self._tensor = problem.with_own_styles(), tensor
        self._sample, self._search = sample, search
        self._matching = problem.objective.matching
        self._groups = problem.objective.tap_groups()

    def match(self, query: Query) -> dict[str, GroupTarget]:
        """Return name of the group -> the targets at a query."""
        positions = {
            group.name: image_positions(self._problem, group, query) for group in self._groups
        }
        samplings = self._samplings(positions, self._problem.start.shape)
        mine = self._sample(query.image, samplings)
        offers = self._offers(positions, mine, query)
        return {
            name: GroupTarget(
                samplings[name],
                [
                    self._region_targets(weights, offers[name, region])
                    for region, weights in one.weights.items()
                    if offers[name, region]
                ],
            )
            for name, one in positions.items()
        }

    def _samplings(
        self, positions: Mapping[str, ImagePositions] | Mapping[str, StylePositions], shape: Any
    ) -> dict[str, Sampling]:
        """Return name of the group -> how its grid reads the maps of a picture."""

        def sampling(group: TapGroup) -> Sampling:
            grid = positions[group.name].grid
            sides = {
                tap: feature_shape(tap, height=shape[0], width=shape[1])[1:]
                for tap in group.factors
            }
            found = {tap: matrices(grid, size, self._tensor) for tap, size in sides.items()}
            return Sampling(found, {tap: float(one) for tap, one in group.factors.items()})

        return {group.name: sampling(group) for group in self._groups}

    def _offers(
        self, positions: Mapping[str, ImagePositions], mine: Mapping[str, Tensor], query: Query
    ) -> dict[tuple[str, int], list[_Offer]]:
        """Return (name of the group, region) -> what each style offers."""
        found: dict[tuple[str, int], list[_Offer]] = {
            (name, region): [] for name, one in positions.items() for region in one.weights
        }
        for share, pictures in matching_sources(self._problem):
            values, members = self._offered(pictures, query)
            for (name, region), offers in found.items():
                inside = members[name].get(region)
                if inside is None or not inside.any():
                    continue
                weights = self._tensor(positions[name].weights[region])
                cosines, directions = self._search(
                    mine[name], weights, values[name], self._tensor(inside)
                )
                offers.append(_Offer(share, np.asarray(cosines), np.asarray(directions)))
        return found

    def _offered(
        self, pictures: Sequence[tuple[int, StyleSource]], query: Query
    ) -> tuple[dict[str, Tensor], dict[str, dict[int, Array]]]:
        """Return the features (m, D) of one style's pictures by group, and who they belong to.

        The latter is, by group and region, (m,): 1 for members of the region and 0 for others.
        """
        values: dict[str, list[Tensor]] = {group.name: [] for group in self._groups}
        inside: dict[str, list[Mapping[int, Array]]] = {group.name: [] for group in self._groups}
        for number, picture in pictures:
            where = {
                group.name: style_positions(picture, number, group, self._matching, query)
                for group in self._groups
            }
            samplings = self._samplings(where, picture.image.shape)
            for name, found in self._sample(picture.image, samplings).items():
                values[name].append(found)
                members = where[name].members.items()
                inside[name].append({region: one.astype(float) for region, one in members})
        return (
            {name: jnp.concatenate(parts) for name, parts in values.items()},
            {name: _joined(parts, values[name]) for name, parts in inside.items()},
        )

    def _region_targets(self, weights: Array, offers: Sequence[_Offer]) -> RegionTargets:
        inside = weights > 0
        found = np.where(inside[:, None], offers[0].directions, 0)
        if len(offers) > 1:
            cosines = [one.cosines[inside] for one in offers]
            chosen = assign_styles(cosines, [one.share for one in offers])
            every = np.stack([one.directions[inside] for one in offers])
            found[inside] = every[chosen, np.arange(len(chosen))]
        return RegionTargets(self._tensor(weights), self._tensor(found))


def nearest(
    program: Program, mine: Tensor, weights: Tensor, theirs: Tensor, members: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the largest cosine (n,) of each feature, and the targets (n, D) of norm 1.

    Of equal cosines the first counts.

    Args:
        program: Its ``matching`` says what is centred.
        mine: (n, D), the image's features.
        weights: (n,), their weights in the region; 0 outside it.
        theirs: (m, D), the features that a style offers.
        members: (m,), 1 for those of the region, 0 for others.
    """
    matching = program.matching
    mean = jnp.matmul(members / members.sum(), theirs, precision=EXACT)
    own_mean = jnp.matmul(weights / weights.sum(), mine, precision=EXACT)
    searched = float(matching.centred_search)
    looking = directions_of(mine, searched * own_mean)
    offered = directions_of(theirs, searched * mean)

    def compared(rows: Tensor) -> tuple[Tensor, Tensor]:
        cosines = jnp.matmul(rows, offered.T, precision=EXACT)
        cosines = jnp.where(members > 0, cosines, -jnp.inf)
        return cosines.max(axis=1), cosines.argmax(axis=1)

    count, width = mine.shape
    padded = jnp.pad(looking, ((0, -count % IMAGE_ROWS), (0, 0)))
    mapped: Any = lax.map  # not typed
    best, indices = mapped(compared, padded.reshape(-1, IMAGE_ROWS, width))
    chosen = theirs[indices.reshape(-1)[:count]]
    centre = float(matching.centred_loss) * mean
    return best.reshape(-1)[:count], directions_of(chosen, centre)


def _joined(parts: Sequence[Mapping[int, Array]], values: Sequence[Tensor]) -> dict[int, Array]:
    """Return region -> the members (m,) of all pictures; none where a picture lacks the region."""
    regions = {region for part in parts for region in part}
    return {
        region: np.concatenate(
            [part.get(region, np.zeros(len(one))) for part, one in zip(parts, values, strict=True)]
        )
        for region in regions
    }
