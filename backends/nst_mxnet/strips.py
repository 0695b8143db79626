"""How a picture, or a layer's features, is cut into strips of rows that go through layers alone.

A strip takes a few rows more along, above and below: as many as its convolutions look beyond it.
What comes out is right in the strip's own rows; what comes out beyond is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from nst_mxnet._framework import Tensor, mx
from nst_mxnet.layout import device_of

MAP_BYTES = 6_000_000
"""How large one array of a strip may become: some twenty of them are held at a time."""

LEAST_ROWS = 16
"""A strip's own, however wide it is: the rows that it takes along are computed once more."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Rows of an array (1, C, H, W).

    Attributes:
        own: What is computed.
        taken: The same and the rows that are taken along.
    """

    own: slice
    taken: slice

    @property
    def inside(self) -> slice:
        """Return the own rows among those that are taken."""
        return slice(self.own.start - self.taken.start, self.own.stop - self.taken.start)

    def pooled(self) -> Strip:
        """Return the strip after a 2x2 pooling."""
        own, taken = (slice(rows.start // 2, rows.stop // 2) for rows in (self.own, self.taken))
        return Strip(own, taken)


def whole(height: int) -> Strip:
    """Return all rows."""
    return Strip(slice(0, height), slice(0, height))


def rows_of(row_bytes: int) -> int:
    """Return how many own rows a strip has, an even number.

    Args:
        row_bytes: Of one row of the widest array on the way.
    """
    return max(LEAST_ROWS, MAP_BYTES // row_bytes // 2 * 2)


def strips(height: int, *, rows: int, beyond: int) -> Iterator[Strip]:
    """Yield strips of about ``rows`` rows, one after the other.

    Args:
        height: Of what is cut; all strips begin at even rows, so that 2x2 values stay together.
        rows: An even number.
        beyond: How many rows the convolutions look beyond, one each.
    """
    along = beyond + beyond % 2
    count = max(1, round(height / rows))
    edges = sorted({2 * (height * number // count // 2) for number in range(count)} | {height})
    for first, end in pairwise(edges):
        yield Strip(slice(first, end), slice(max(0, first - along), min(height, end + along)))


def part(array: Tensor, rows: slice) -> Tensor:
    """Return rows of an array (1, C, H, W): a copy, or the array itself if it has no others."""
    if rows.stop - rows.start == array.shape[2]:
        return array
    return array[:, :, rows]


def placed(values: Tensor | None, rows: slice, *, like: tuple[int, ...], of: Tensor) -> Tensor:
    """Return an array of shape ``like`` (1, C, H, W): ``values`` in ``rows``, and zeros.

    Args:
        values: (1, C, rows, W), or None for none.
        rows: Where they stand.
        like: The shape.
        of: Has the dtype and device.
    """
    if values is not None and values.shape == like:
        return values
    with device_of(of):
        array = mx.np.zeros(like, dtype=of.dtype)
    if values is not None:
        array[:, :, rows] = values
    return array
