"""Strips of rows into which an image, or a layer's features, is cut.

Each strip goes through the layers by itself. It includes a few rows more above and below, its halo:
as many as its convolutions reach beyond it. The results are right in the strip's own rows; those
in the halo are thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from nst_mxnet._framework import Tensor, mx
from nst_mxnet.layout import device_of


@dataclass(frozen=True, slots=True)
class RowStrip:
    """Rows of an array (1, C, H, W).

    Attributes:
        rows: The strip's own rows, whose results are kept.
        with_halo: The same rows and those of the halo.
    """

    rows: slice
    with_halo: slice

    @property
    def interior(self) -> slice:
        """Return the own rows, counted from the first row of the halo."""
        top = self.with_halo.start
        return slice(self.rows.start - top, self.rows.stop - top)

    def pooled(self) -> RowStrip:
        """Return the strip after a 2x2 pooling."""
        rows, with_halo = (
            slice(span.start // 2, span.stop // 2) for span in (self.rows, self.with_halo)
        )
        return RowStrip(rows, with_halo)


@dataclass(frozen=True, slots=True)
class StripSizes:
    """How large strips are.

    Attributes:
        map_bytes: The largest size of one array of a strip; about twenty such arrays are held at
            the same time.
        min_rows: The fewest own rows of a strip, however wide it is: the rows of the halo are
            computed twice.
    """

    map_bytes: int = 6_000_000
    min_rows: int = 16

    def rows(self, row_bytes: int) -> int:
        """Return how many own rows a strip has, an even number.

        Args:
            row_bytes: Bytes of one row of the widest array in the strip's layers.
        """
        return max(self.min_rows, self.map_bytes // row_bytes // 2 * 2)


DEFAULT_STRIP_SIZES = StripSizes()


def all_rows(height: int) -> RowStrip:
    """Return a strip of all rows, without a halo."""
    return RowStrip(slice(0, height), slice(0, height))


def row_strips(height: int, *, rows: int, halo: int) -> Iterator[RowStrip]:
    """Yield strips of about ``rows`` rows, from top to bottom.

    Args:
        height: Height of the array that is cut. All strips begin at even rows, so that no 2x2
            pooling window is divided.
        rows: An even number.
        halo: How many rows the convolutions reach beyond the strip, one row per convolution.
    """
    even_halo = halo + halo % 2
    count = max(1, round(height / rows))
    edges = sorted({2 * (height * number // count // 2) for number in range(count)} | {height})
    for first, end in pairwise(edges):
        with_halo = slice(max(0, first - even_halo), min(height, end + even_halo))
        yield RowStrip(slice(first, end), with_halo)


def take_rows(array: Tensor, rows: slice) -> Tensor:
    """Return rows of an array (1, C, H, W): a copy, or the array itself if these are all rows."""
    if rows.stop - rows.start == array.shape[2]:
        return array
    return array[:, :, rows]


def place_rows(
    values: Tensor | None, rows: slice, *, shape: tuple[int, ...], like: Tensor
) -> Tensor:
    """Return an array (1, C, H, W) that holds ``values`` in ``rows`` and zeros elsewhere.

    Args:
        values: (1, C, rows, W), or None for zeros everywhere.
        rows: Where the values go.
        shape: Shape of the result. If ``values`` has this shape, it is returned itself.
        like: Array whose dtype and device the result has.
    """
    if values is not None and values.shape == shape:
        return values
    with device_of(like):
        array = mx.np.zeros(shape, dtype=like.dtype)
    if values is not None:
        array[:, :, rows] = values
    return array
