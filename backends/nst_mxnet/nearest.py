"""The search for nearest neighbours: for each position of the image the style's nearest feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst_core.arrays import Array, Image
from nst_core.backend import Problem, Query, StyleSource, TapGroup
from nst_core.backend.positions import (
    ImagePositions,
    Indices,
    StylePositions,
    assign_styles,
    image_positions,
    matching_sources,
    style_positions,
)
from nst_core.vgg19 import BY_NAME, feature_shape
from nst_mxnet._framework import Tensor, mx
from nst_mxnet.joint_loss import JointSums
from nst_mxnet.layout import device_of, like_array
from nst_mxnet.matched_loss import MatchedLoss, RegionTargets, inverse_norms, sum_of_squares
from nst_mxnet.resampling import Resampling

STYLE_ROWS = 1024
"""Features of the style that are compared at a time."""

IMAGE_ROWS = 4096
"""Features of the image that each of them is compared with at a time: 17 MB of cosines in
float32."""

Forward = Callable[[Image, JointSums], None]
"""Gives the features of an image of any size to sums."""


class _Set(NamedTuple):
    """Features that are offered as targets, or that look for them.

    Attributes:
        values: (n, D), the taps' features side by side.
        mean: (D,), what is subtracted from them.
    """

    values: Tensor
    mean: Tensor

    def directions(self, rows: slice) -> Tensor:
        """Return some of the features, less the mean, with norm 1; or 0 if flat."""
        values = self.values[rows]
        found = values - self.mean
        norms = inverse_norms(sum_of_squares([found]), sum_of_squares([values]))
        return found * mx.np.expand_dims(norms, 1)


class _Found(NamedTuple):
    """What one style offers a region.

    Attributes:
        share: The style's share.
        cosines: (n,), of each position's nearest feature.
        directions: (n, D), those features, less the mean if the loss is centred, with norm 1.
    """

    share: float
    cosines: Array
    directions: Array


class NearestNeighbours:
    """Finds the targets of matched losses.

    Args:
        problem: The work.
        like: An array of the features' dtype, on their device.
        forward: Computes the features of images.
    """

    def __init__(self, problem: Problem, *, like: Tensor, forward: Forward) -> None:
        objective = problem.objective
        self._problem, self._matching, self._like = problem, objective.matching, like
        self._forward = forward
        self.losses = [
            MatchedLoss(
                group,
                multiplicity=objective.style_multiplicity,
                centred=self._matching.centred_loss,
            )
            for group in objective.tap_groups()
        ]

    def match(self, query: Query) -> None:
        """Find the targets at a query."""
        positions = {one: image_positions(self._problem, one.group, query) for one in self.losses}
        size = self._problem.start.shape[:2]
        for one in self.losses:
            one.resamplings = self._resamplings(one.group, positions[one], size)
        sums = JointSums(self.losses)
        self._forward(query.image, sums)
        features = {one: _side_by_side(one, sums) for one in self.losses}
        found = self._search(positions, features, query)
        for one in self.losses:
            one.targets = [
                self._region_targets(one.group, weights, found[one][region])
                for region, weights in positions[one].weights.items()
                if found[one][region]
            ]

    def _resamplings(
        self, group: TapGroup, positions: ImagePositions | StylePositions, size: tuple[int, ...]
    ) -> dict[str, Resampling]:
        height, width = size
        return {
            tap: Resampling(
                positions.grid,
                feature_shape(tap, height=height, width=width)[1:],
                like=self._like,
            )
            for tap in group.factors
        }

    def _search(
        self,
        positions: Mapping[MatchedLoss, ImagePositions],
        features: Mapping[MatchedLoss, Tensor],
        query: Query,
    ) -> dict[MatchedLoss, dict[int, list[_Found]]]:
        """Return loss -> region -> what each style offers."""
        found: dict[MatchedLoss, dict[int, list[_Found]]] = {
            one: {region: [] for region in positions[one].weights} for one in self.losses
        }
        for share, pictures in matching_sources(self._problem):
            offered = self._offered(pictures, query)
            for one in self.losses:
                for region, weights in positions[one].weights.items():
                    values = offered[one].pop(region, None)
                    if values is not None:
                        mine = self._set_of(features[one], weights)
                        found[one][region].append(self._offer(share, mine, values))
        return found

    def _offer(self, share: float, mine: _Set, values: Tensor) -> _Found:
        """Return the nearest of a style's features (m, D)."""
        matching, mean = self._matching, mx.np.mean(values, axis=0)
        nothing = mx.np.zeros_like(mean)
        theirs = _Set(values, mean if matching.centred_search else nothing)
        cosines, indices = nearest(mine, theirs)
        chosen = _taken(values, indices)
        targets = _Set(chosen, mean if matching.centred_loss else nothing)
        return _Found(share, cosines, targets.directions(slice(None)).asnumpy())

    def _set_of(self, features: Tensor, weights: Array) -> _Set:
        """Return a region's features of the image, whose mean is weighted."""
        mean = mx.np.dot(like_array(weights / weights.sum(), self._like), features)
        if not self._matching.centred_search:
            mean = mx.np.zeros_like(mean)
        return _Set(_inside(features, weights > 0), mean)

    def _offered(
        self, pictures: Sequence[tuple[int, StyleSource]], query: Query
    ) -> dict[MatchedLoss, dict[int, Tensor]]:
        """Return loss -> region -> the features (m, D) of one style's pictures."""
        offered: dict[MatchedLoss, dict[int, list[Tensor]]] = {one: {} for one in self.losses}
        for number, picture in pictures:
            samplers, members = [], []
            for one in self.losses:
                where = style_positions(picture, number, one.group, self._matching, query)
                sampler = MatchedLoss(one.group, multiplicity=1.0, centred=False)
                sampler.resamplings = self._resamplings(one.group, where, picture.image.shape[:2])
                samplers.append(sampler)
                members.append(where.members)
            sums = JointSums(samplers)
            self._forward(picture.image, sums)
            for one, sampler, regions in zip(self.losses, samplers, members, strict=True):
                values = _side_by_side(sampler, sums)
                for region, inside in regions.items():
                    offered[one].setdefault(region, []).append(_inside(values, inside))
        return {
            one: {
                region: parts[0] if len(parts) == 1 else mx.np.concatenate(parts)
                for region, parts in regions.items()
            }
            for one, regions in offered.items()
        }

    def _region_targets(
        self, group: TapGroup, weights: Array, offers: Sequence[_Found]
    ) -> RegionTargets:
        found = _chosen(offers)
        directions = np.zeros((len(weights), found.shape[1]), found.dtype)
        directions[weights > 0] = found
        ends = np.cumsum([BY_NAME[tap].out_channels for tap in group.factors])[:-1]
        parts = [like_array(part, self._like) for part in np.split(directions, ends, axis=1)]
        by_tap = dict(zip(group.factors, parts, strict=True))
        return RegionTargets(like_array(weights, self._like), by_tap)


def _chosen(offers: Sequence[_Found]) -> Array:
    """Return the directions (n, D) of the targets, each from the style that the shares give it."""
    targets = offers[0].directions
    if len(offers) == 1:
        return targets
    chosen = assign_styles([one.cosines for one in offers], [one.share for one in offers])
    for number, other in enumerate(offers[1:], start=1):
        targets[chosen == number] = other.directions[chosen == number]
    return targets


def nearest(image: _Set, style: _Set) -> tuple[Array, Indices]:
    """Return the largest cosine (n,) of each feature of the image, and its index in the style.

    Of equal cosines the first counts.
    """
    count = len(image.values)
    best = np.full(count, -np.inf, image.values.dtype)
    indices = np.zeros(count, np.int64)
    directions = image.directions(slice(None))
    for first in range(0, len(style.values), STYLE_ROWS):
        theirs = style.directions(slice(first, first + STYLE_ROWS)).T
        for start in range(0, count, IMAGE_ROWS):
            rows = slice(start, start + IMAGE_ROWS)
            block = mx.np.dot(directions[rows], theirs)
            cosines = mx.np.max(block, axis=1).asnumpy()
            where = mx.np.argmax(block, axis=1).asnumpy().astype(np.int64)
            better = cosines > best[rows]
            best[rows] = np.where(better, cosines, best[rows])
            indices[rows] = np.where(better, where + first, indices[rows])
    return best, indices


def _side_by_side(loss: MatchedLoss, sums: JointSums) -> Tensor:
    """Return the features (n, D) of a group, each tap's times its factor."""
    parts = list(loss.scaled(sums.of(loss)).values())
    return parts[0] if len(parts) == 1 else mx.np.concatenate(parts, axis=1)


def _inside(values: Tensor, chosen: NDArray[np.bool_]) -> Tensor:
    """Return the features (m, D) that a mask (n,) chooses."""
    return values if chosen.all() else _taken(values, np.flatnonzero(chosen))


def _taken(values: Tensor, indices: Indices) -> Tensor:
    """Return the features (m, D) of some indices."""
    with device_of(values):
        return mx.np.take(values, mx.np.array(indices, dtype="int64"), axis=0)
