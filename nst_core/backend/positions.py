"""Where features are compared by nearest neighbours: grids of positions, regions, shares.

Everything random and everything that depends on guides is decided here, in NumPy, so it is the same
on every backend.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nst_core.arrays import Array
from nst_core.backend.guidance import Region, regions_at, regions_in_blocks
from nst_core.backend.matching import Matching, Query, TapGroup
from nst_core.backend.problem import Objective, Problem, StyleSource
from nst_core.vgg19 import LAYERS, feature_shape

Indices = NDArray[np.int64]
Value = TypeVar("Value", bound=np.generic)

_MEMBER = 0.5
"""A position of a style belongs to a region if its guide is at least this share of the largest."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Positions of a map, row by row.

    Attributes:
        size: (h, w) of the map.
        rows: (g,), which rows, rising.
        columns: (k,), which columns, rising.
    """

    size: tuple[int, int]
    rows: Indices
    columns: Indices

    @property
    def shape(self) -> tuple[int, int]:
        """(g, k)."""
        return len(self.rows), len(self.columns)

    def of(self, values: NDArray[Value]) -> NDArray[Value]:
        """Return the values (g * k,) of a map (h, w) at the positions."""
        found: NDArray[Value] = values[np.ix_(self.rows, self.columns)].reshape(-1)
        return found


@dataclass(frozen=True, slots=True)
class Interpolation:
    """A linear interpolation along one axis, with aligned corners.

    The value at position i is (1 - fraction[i]) * values[low[i]] + fraction[i] * values[high[i]].
    ``low`` and ``high`` never fall.
    """

    low: Indices
    high: Indices
    fraction: Array

    @classmethod
    def of(cls, positions: Indices, *, size: int, length: int) -> Interpolation:
        """Return the interpolation of ``length`` values at positions of ``size`` values.

        The first and the last positions of both coincide. If ``size`` is 1, its position is the
        first value. If ``size`` is ``length``, nothing is interpolated.
        """
        numerators = positions * (length - 1)
        low, rest = np.divmod(numerators, max(1, size - 1))
        high = np.minimum(low + 1, length - 1)
        return cls(low, high, rest / max(1, size - 1))


@dataclass(frozen=True, slots=True)
class ImagePositions:
    """The positions of the image at which features are compared.

    Attributes:
        grid: The positions.
        weights: Region -> (g * k,) float64, the weight of each position; all together sum to 1.
    """

    grid: Grid
    weights: Mapping[int, Array]


@dataclass(frozen=True, slots=True)
class StylePositions:
    """The positions of a style picture whose features are offered as targets.

    Attributes:
        grid: The positions.
        members: Region -> (g * k,), whether a position belongs to it.
    """

    grid: Grid
    members: Mapping[int, NDArray[np.bool_]]


def map_size(group: TapGroup, matching: Matching, *, height: int, width: int) -> tuple[int, int]:
    """Return the size (h, w) of the map that a group's grids lie on, of a picture in pixels."""
    if matching.form == "hypercolumn":
        return max(1, height // matching.divisor), max(1, width // matching.divisor)
    (tap,) = group.factors
    return feature_shape(tap, height=height, width=width)[1:]


def count_positions(
    group: TapGroup, matching: Matching, *, height: int, width: int, samples: int
) -> int:
    """Return how many positions of a picture in pixels are compared, if no region needs more."""
    size = map_size(group, matching, height=height, width=width)
    stride = _stride(size, samples)
    rows, columns = (max(1, length // stride) for length in size)
    return rows * columns


def count_values(objective: Objective, *, size: tuple[int, int], samples: int) -> list[int]:
    """Return for each group how many values its features have at a picture's compared positions.

    Args:
        objective: Its groups and its matching.
        size: (height, width) of the picture in pixels.
        samples: See ``Matching.samples``.
    """
    height, width = size
    return [
        group.channels
        * count_positions(group, objective.matching, height=height, width=width, samples=samples)
        for group in objective.tap_groups()
    ]


def image_positions(problem: Problem, group: TapGroup, query: Query) -> ImagePositions:
    """Return the positions of the image, with the weights of the regions.

    A region's positions count by its density, see ``nst_core.backend.guidance``, and a region by
    its area.
    """
    height, width, _ = problem.start.shape
    matching = problem.objective.matching
    size = map_size(group, matching, height=height, width=width)
    regions = _regions(problem.guides, group, matching, size)
    offsets = _offsets(query, group, picture=0)
    grid = _sampled(size, matching.samples, offsets, _densities(regions))
    return ImagePositions(
        grid, {number: _weights(region, grid) for number, region in regions.items()}
    )


def style_positions(
    source: StyleSource, number: int, group: TapGroup, matching: Matching, query: Query
) -> StylePositions:
    """Return the positions of a style picture, and which regions they belong to.

    Args:
        source: The picture, with its guides.
        number: Its number among all pictures of ``matching_sources``, counted from 1.
        group: The taps that are compared.
        matching: How targets are sought.
        query: Its seed decides the offsets.
    """
    height, width, _ = source.image.shape
    size = map_size(group, matching, height=height, width=width)
    regions = _regions(source.guides, group, matching, size)
    members = {region: _members(found, size) for region, found in regions.items()}
    offsets = _offsets(query, group, picture=number)
    grid = _sampled(size, matching.style_samples, offsets, list(members.values()))
    return StylePositions(grid, {region: grid.of(found) for region, found in members.items()})


def matching_sources(problem: Problem) -> Iterator[tuple[float, list[tuple[int, StyleSource]]]]:
    """Yield, for each style with a share, the share and its pictures with their numbers.

    The pictures are the style's own, and its rotations if they count.
    """
    number = 0
    for style, share in problem.shares():
        pictures = _rotated(style) if problem.objective.matching.rotations else [style]
        yield share, [(number + place, one) for place, one in enumerate(pictures, start=1)]
        number += len(pictures)


def assign_styles(cosines: Sequence[Array], shares: Sequence[float]) -> Indices:
    """Return the style (n,) from which each of n positions takes its target.

    A share is the share of the positions that take their target from the style: those that it suits
    best, by the difference between its cosine and the best one of the styles after it. Of equal
    differences the first positions come first.

    Args:
        cosines: The cosine (n,) of each position with its nearest feature, for each style.
        shares: Their shares, above 0.
    """
    count = len(cosines[0])
    chosen = np.full(count, len(shares) - 1, np.int64)
    left = np.arange(count)
    for style in range(len(shares) - 1):
        others = np.max([np.asarray(one, np.float64)[left] for one in cosines[style + 1 :]], axis=0)
        advantage = np.asarray(cosines[style], np.float64)[left] - others
        taken = int(np.floor(shares[style] / sum(shares[style:]) * len(left) + 0.5))
        order = np.argsort(-advantage, kind="stable")
        chosen[left[order[:taken]]] = style
        left = np.sort(left[order[taken:]])
    return chosen


def _rotated(style: StyleSource) -> list[StyleSource]:
    def turned(times: int) -> StyleSource:
        guides = style.guides
        return replace(
            style,
            image=np.ascontiguousarray(np.rot90(style.image, times)),
            guides=None
            if guides is None
            else np.ascontiguousarray(np.rot90(guides, times, axes=(1, 2))),
        )

    return [style, *map(turned, (1, 2, 3))]


def _regions(
    guides: Array | None, group: TapGroup, matching: Matching, size: tuple[int, int]
) -> Mapping[int, Region]:
    if matching.form == "hypercolumn":
        return regions_in_blocks(guides, size)
    (tap,) = group.factors
    return regions_at(guides, tap)


def _densities(regions: Mapping[int, Region]) -> list[Array]:
    return [region.density for region in regions.values() if region.density is not None]


def _weights(region: Region, grid: Grid) -> Array:
    if region.density is None:
        count = len(grid.rows) * len(grid.columns)
        return np.full(count, region.area / count)
    density = grid.of(region.density)
    weights: Array = region.area / density.sum() * density
    return weights


def _members(region: Region, size: tuple[int, int]) -> NDArray[np.bool_]:
    if region.density is None:
        return np.ones(size, np.bool_)
    members: NDArray[np.bool_] = region.density >= _MEMBER * region.density.max()
    return members


def _offsets(query: Query, group: TapGroup, *, picture: int) -> tuple[float, float]:
    """Return the offsets of a picture's rows and columns, in strides, from 0 to below 1."""
    indices = [layer.index for layer in LAYERS if layer.name == group.name]
    key = (*query.seed, picture, *(indices or [len(LAYERS)]))
    down, right = np.random.Generator(np.random.PCG64(key)).random(2)
    return float(down), float(right)


def _sampled(
    size: tuple[int, int],
    samples: int,
    offsets: tuple[float, float],
    regions: Sequence[NDArray[np.generic]],
) -> Grid:
    """Return the grid with the stride that ``samples`` ask for, or with half of it, and so on.

    The stride is halved until every region has a position.
    """
    stride = _stride(size, samples)
    while True:
        rows, columns = (
            _strided(length, stride, offset) for length, offset in zip(size, offsets, strict=True)
        )
        if stride == 1 or all(region[np.ix_(rows, columns)].any() for region in regions):
            return Grid(size, rows, columns)
        stride //= 2


def _stride(size: tuple[int, int], samples: int) -> int:
    return -(-max(size) // samples) if samples else 1


def _strided(length: int, stride: int, offset: float) -> Indices:
    """Return positions a stride apart; their number does not depend on the offset."""
    stride = min(stride, length)
    return np.arange(length // stride, dtype=np.int64) * stride + int(offset * stride)
