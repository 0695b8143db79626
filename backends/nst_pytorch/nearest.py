"""The search for nearest neighbours: for each position of the image the style's nearest feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

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
from nst_pytorch.joint_loss import JointSums
from nst_pytorch.matched_loss import MatchedLoss, RegionTargets, inverse_norms
from nst_pytorch.resampling import Resampling
from nst_pytorch.thread_pool import multi_threaded

STYLE_ROWS = 1024
"""Features of the style that are compared at a time."""

IMAGE_ROWS = 4096
"""Features of the image that each of them is compared with at a time: 17 MB of cosines in
float32."""

Forward = Callable[[Image, JointSums], None]
"""Gives the features of an image to sums."""


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
        norms = inverse_norms(found.square().sum(dim=1), values.square().sum(dim=1))
        return found.mul_(norms[:, None])


class _Found(NamedTuple):
    """What one style offers a region.

    Attributes:
        share: The style's share.
        cosines: (n,), of each position's nearest feature.
        targets: (n, D), those features.
        mean: (D,), the mean of all that were offered; or 0 if the loss is not centred.
    """

    share: float
    cosines: Tensor
    targets: Tensor
    mean: Tensor


class NearestNeighbours:
    """Finds the targets of matched losses.

    Args:
        problem: The work.
        like: A tensor of the features' dtype, on their device.
        forward: Computes the features of images of the image's size.
        style_forward: Returns the same for the styles of one search.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        like: Tensor,
        forward: Forward,
        style_forward: Callable[[], Callable[[StyleSource, JointSums], None]],
    ) -> None:
        objective = problem.objective
        self._problem, self._matching, self._like = problem, objective.matching, like
        self._forward, self._style_forward = forward, style_forward
        self.losses = [self._loss(group) for group in objective.tap_groups()]

    def match(self, query: Query) -> bool:
        """Find the targets at a query. Return whether they lie where the last ones lay."""
        positions = {one: image_positions(self._problem, one.group, query) for one in self.losses}
        size = self._problem.start.shape[:2]
        kept = [
            one.resample(self._resamplings(one.group, positions[one], size)) for one in self.losses
        ]
        sums = JointSums(self.losses)
        self._forward(query.image, sums)
        with multi_threaded(self._like.device):
            features = {one: _side_by_side(one, sums) for one in self.losses}
            found = self._search(positions, features, query)
            features.clear()
            kept += [one.aim(self._targets(one, positions[one], found[one])) for one in self.losses]
        return all(kept)

    def _loss(self, group: TapGroup) -> MatchedLoss:
        multiplicity = self._problem.objective.style_multiplicity
        return MatchedLoss(group, multiplicity=multiplicity, centred=self._matching.centred_loss)

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
        features: dict[MatchedLoss, Tensor],
        query: Query,
    ) -> dict[MatchedLoss, dict[int, list[_Found]]]:
        """Return loss -> region -> what each style offers."""
        found: dict[MatchedLoss, dict[int, list[_Found]]] = {
            one: {region: [] for region in positions[one].weights} for one in self.losses
        }
        forward = self._style_forward()
        for share, pictures in matching_sources(self._problem):
            offered = self._offered(pictures, query, forward)
            for one in self.losses:
                for region, weights in positions[one].weights.items():
                    values = offered[one].pop(region, None)
                    if values is not None:
                        mine = self._set_of(features[one], weights)
                        found[one][region].append(self._offer(share, mine, values))
        return found

    def _offer(self, share: float, mine: _Set, values: Tensor) -> _Found:
        """Return the nearest of a style's features (m, D)."""
        matching, mean = self._matching, values.mean(dim=0)
        nothing = torch.zeros_like(mean)
        theirs = _Set(values, mean if matching.centred_search else nothing)
        cosines, indices = nearest(mine, theirs)
        targets = values.index_select(0, indices)
        return _Found(share, cosines, targets, mean if matching.centred_loss else nothing)

    def _set_of(self, features: Tensor, weights: Array) -> _Set:
        """Return a region's features of the image, whose mean is weighted."""
        known = self._tensor(weights)
        mean = (known / known.sum()) @ features
        if not self._matching.centred_search:
            mean.zero_()
        inside = known > 0
        return _Set(features if bool(inside.all()) else features[inside], mean)

    def _tensor(self, array: Array) -> Tensor:
        return torch.tensor(array, dtype=self._like.dtype, device=self._like.device)

    def _offered(
        self,
        pictures: Sequence[tuple[int, StyleSource]],
        query: Query,
        forward: Callable[[StyleSource, JointSums], None],
    ) -> dict[MatchedLoss, dict[int, Tensor]]:
        """Return loss -> region -> the features (m, D) of one style's pictures."""
        offered: dict[MatchedLoss, dict[int, list[Tensor]]] = {one: {} for one in self.losses}
        for number, picture in pictures:
            samplers, members = [], []
            for one in self.losses:
                where = style_positions(picture, number, one.group, self._matching, query)
                sampler = MatchedLoss(one.group, multiplicity=1.0, centred=False)
                sampler.resample(self._resamplings(one.group, where, picture.image.shape[:2]))
                samplers.append(sampler)
                members.append(where.members)
            sums = JointSums(samplers)
            forward(picture, sums)
            for one, sampler, regions in zip(self.losses, samplers, members, strict=True):
                values = _side_by_side(sampler, sums)
                for region, inside in regions.items():
                    mine = values
                    if not inside.all():
                        mine = values[torch.from_numpy(inside).to(values.device)]
                    offered[one].setdefault(region, []).append(mine)
        return {
            one: {region: _joined(parts) for region, parts in regions.items()}
            for one, regions in offered.items()
        }

    def _targets(
        self, loss: MatchedLoss, positions: ImagePositions, found: Mapping[int, list[_Found]]
    ) -> list[RegionTargets]:
        return [
            self._region_targets(loss.group, weights, found[region])
            for region, weights in positions.weights.items()
            if found[region]
        ]

    def _region_targets(
        self, group: TapGroup, weights: Array, offers: list[_Found]
    ) -> RegionTargets:
        known = self._tensor(weights)
        inside = known > 0
        everywhere = bool(inside.all())
        targets = _chosen(offers)
        widths = [feature_shape(tap, height=64, width=64)[0] for tap in group.factors]
        parts = (part.contiguous() for part in torch.split(targets, widths, dim=1))
        return RegionTargets(
            None if everywhere else inside.nonzero()[:, 0],
            known if everywhere else known[inside],
            dict(zip(group.factors, parts, strict=True)),
        )


def _chosen(offers: Sequence[_Found]) -> Tensor:
    """Return the directions (n, D) of the targets, each from the style that the shares give it."""
    targets = [_Set(one.targets, one.mean).directions(slice(None)) for one in offers]
    if len(offers) == 1:
        return targets[0]
    cosines = [one.cosines.cpu().numpy() for one in offers]
    chosen = torch.from_numpy(assign_styles(cosines, [one.share for one in offers]))
    for number, other in enumerate(targets[1:], start=1):
        mine = (chosen == number).to(other.device)
        targets[0][mine] = other[mine]
    return targets[0]


def nearest(image: _Set, style: _Set) -> tuple[Tensor, Tensor]:
    """Return the largest cosine (n,) of each feature of the image, and its index in the style.

    Of equal cosines the first counts.
    """
    count = len(image.values)
    best = torch.full((count,), -torch.inf, dtype=image.values.dtype, device=image.values.device)
    indices = torch.zeros(count, dtype=torch.int64, device=image.values.device)
    directions = image.directions(slice(None))
    for first in range(0, len(style.values), STYLE_ROWS):
        theirs = style.directions(slice(first, first + STYLE_ROWS))
        for start in range(0, count, IMAGE_ROWS):
            rows = slice(start, start + IMAGE_ROWS)
            cosines, where = (directions[rows] @ theirs.T).max(dim=1)
            better = cosines > best[rows]
            best[rows] = torch.where(better, cosines, best[rows])
            indices[rows] = torch.where(better, where + first, indices[rows])
    return best, indices


def _side_by_side(loss: MatchedLoss, sums: JointSums) -> Tensor:
    """Return the features (n, D) of a group, each tap's times its factor."""
    parts = list(loss.scaled(sums.of(loss)).values())
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


def _joined(parts: list[Tensor]) -> Tensor:
    """Return (m, D) from several; the parts are given away one by one."""
    if len(parts) == 1:
        return parts[0]
    joined = parts[0].new_empty(sum(map(len, parts)), parts[0].shape[1])
    start = 0
    while parts:
        part = parts.pop(0)
        joined[start : start + len(part)] = part
        start += len(part)
    return joined
