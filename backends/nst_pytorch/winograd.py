"""Winograd's F(4x4, 3x3): a 3x3 convolution with a quarter of the multiplications.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016): each tile of 4x4 results
comes of 6x6 values, transformed by B on both sides, multiplied by the kernel transformed by G, and
transformed back by A. The transforms are done here by additions alone, first along one axis, then
along the other; the multiplications are 36 matrix products over the channels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

_G = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
_ONE = 7
"""Which of the 36 products adds the same to all sixteen results: a bias goes there."""
_WIDEST = 30
"""Tiles in a row of a block: of the same number of tiles, tall ones share more of their rows."""


def forward_kernels(weight: Tensor) -> Tensor:
    """Return the transformed kernels (36, I, O) of a convolution's ``weight`` (O, I, 3, 3)."""
    g = torch.tensor(_G, dtype=torch.float64).to(weight.dtype)
    # One product over both axes: (36, 9) (9, O * I).
    both = torch.kron(g, g)
    outs, ins = weight.shape[:2]
    flat = weight.permute(2, 3, 1, 0).reshape(9, ins * outs)
    return (both @ flat).view(36, ins, outs)


class Block(NamedTuple):
    """Some tiles, ``rows`` by ``columns``; ``top`` and ``left`` count the tiles before them."""

    top: int
    rows: int
    left: int
    columns: int


def blocks_of(height: int, width: int, *, tiles: int, least: int) -> list[Block]:
    """Cut a picture into blocks of about equal size.

    Args:
        height: Of the picture, in pixels.
        width: Of it.
        tiles: How many tiles a block should have at most.
        least: How many blocks there should be at least, if there are as many tiles.
    """
    high, wide = -(-height // 4), -(-width // 4)
    across = -(-wide // min(tiles, _WIDEST))
    down = -(-high // (tiles // -(-wide // across)))
    # As many for one worker as for the other.
    while across * down % least and down < high:
        down += 1
    rows, columns = _spans(high, down), _spans(wide, across)
    return [Block(*row, *column) for row in rows for column in columns]


def _spans(length: int, count: int) -> list[tuple[int, int]]:
    """Cut ``length`` into ``count`` parts, (begin, length) each, that differ by one at most."""
    ends = [length * number // count for number in range(count + 1)]
    return [(begin, end - begin) for begin, end in pairwise(ends)]


class Scratch:
    """One worker's buffers, in its cache: each holds by turns what one step makes for the next.

    Args:
        dtype: Of the values.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._flat: dict[str, Tensor] = {}
        self._transforms: dict[tuple[int, int, int, int], _Transforms] = {}

    def take(self, name: str, *shape: int) -> Tensor:
        """Return the beginning of a buffer, in a shape; what it held before is still in it."""
        size = math.prod(shape)
        flat = self._flat.get(name)
        if flat is None or flat.numel() < size:
            flat = self._flat[name] = torch.empty(size, dtype=self._dtype)
            self._transforms.clear()  # or their views would keep the smaller buffer
        return flat[:size].view(shape)

    def transforms(self, rows: int, columns: int, ins: int, outs: int) -> _Transforms:
        """Return what it takes to convolve blocks of this size, from ``ins`` to ``outs``."""
        key = rows, columns, ins, outs
        if key not in self._transforms:
            self._transforms[key] = _Transforms(self, *key)
        return self._transforms[key]


def room(rows: int, columns: int, ins: int, outs: int) -> dict[str, int]:
    """Return buffer -> values that one block's convolution needs room for in it."""
    wide, high = rows * columns, 4 * rows + 2
    return {
        "first": max(6 * high * columns * ins, 12 * wide * outs),
        "second": max(36 * wide * ins, 24 * wide * outs),
        "third": max(12 * wide * ins, 36 * wide * outs),
    }


class _Transforms:
    """The buffers of one block's convolution, and the views of them that its steps take.

    They are made once: making them takes Python as long as computing takes a core.
    """

    def __init__(self, scratch: Scratch, rows: int, columns: int, ins: int, outs: int) -> None:
        take, wide, high = scratch.take, rows * columns, 4 * rows + 2
        for name, size in room(rows, columns, ins, outs).items():
            take(name, size)  # once, as large as the largest of the views
        # Along the columns first: fewer values are then in the order that is slower to read.
        self.half = take("third", 2, high, columns, ins).unbind()
        a = take("first", 6, high, columns, ins)
        self.a = a.unbind()
        span = 4 * (rows - 1) + 1
        self.a_rows = [a[:, i : i + span : 4] for i in range(6)]
        self.half_v = take("third", 2, 6, rows, columns, ins).unbind()
        self.v = take("second", 36, wide, ins)
        self.v_rows = self.v.view(6, 6, rows, columns, ins).unbind()
        self.m = take("third", 36, wide, outs)
        self.m_one = self.m[_ONE]
        self.m_rows = self.m.view(6, 6, wide, outs).unbind()
        self.half_z = take("first", 2, 6, wide, outs).unbind()
        z = take("second", 4, 6, wide, outs)
        self.z = z.unbind()
        self.z_columns = z.view(4, 6, rows, columns, outs).unbind(1)
        self.half_out = take("first", 2, 4, rows, columns, outs).unbind()


def convolve(
    source: Tensor,
    kernels: Tensor,
    bias: Tensor | None,
    outs: Sequence[Tensor],
    scratch: Scratch,
) -> None:
    """Convolve one block.

    Args:
        source: (4 rows + 2, 4 columns + 2, I), the block's values and one more on each side.
        kernels: (36, I, O).
        bias: (O,).
        outs: Four views (4, rows, columns, O): the tiles' columns, by the rows within a tile.
        scratch: Of the worker that this runs on.
    """
    _, rows, columns, channels = outs[0].shape
    t = scratch.transforms(rows, columns, source.shape[2], channels)
    _transform(_six_columns(source, columns), t.a, *t.half)
    _transform(t.a_rows, t.v_rows, *t.half_v)
    _multiply(t.v, kernels, t.m)
    if bias is not None:
        t.m_one.add_(bias)
    _transform_back(t.m_rows, t.z, *t.half_z)
    _transform_back(t.z_columns, outs, *t.half_out)


def convolve_turned(
    source: Tensor, kernels: Tensor, outs: Sequence[Tensor], scratch: Scratch
) -> None:
    """Convolve one block by the kernels turned by 180 degrees, as the input gradient needs it.

    Tiles are taken and put back turned in place of the kernels, so that these are needed only once.

    Args:
        source: (4 rows + 2, 4 columns + 2, O).
        kernels: (36, I, O), of the convolution whose gradient this is.
        outs: Four views (4, rows, columns, I), as for ``convolve``.
        scratch: Of the worker that this runs on.
    """
    _, rows, columns, channels = outs[0].shape
    t = scratch.transforms(rows, columns, source.shape[2], channels)
    _transform(_six_columns(source, columns)[::-1], t.a, *t.half)
    _transform(t.a_rows[::-1], t.v_rows, *t.half_v)
    _multiply(t.v, kernels.transpose(1, 2), t.m)
    _transform_back(t.m_rows, t.z[::-1], *t.half_z)
    _transform_back(t.z_columns, outs[::-1], *t.half_out)


def _six_columns(source: Tensor, columns: int) -> list[Tensor]:
    span = 4 * (columns - 1) + 1
    return [source[:, j : j + span : 4] for j in range(6)]


def _multiply(values: Tensor, kernels: Tensor, out: Tensor) -> None:
    """Multiply (36, tiles, I) by (36, I, O), each of the 36 by itself."""
    torch.bmm(values, kernels, out=out)


def _transform(x: Sequence[Tensor], out: Sequence[Tensor], p: Tensor, q: Tensor) -> None:
    """Multiply by B^T along one axis, whose six values are ``x``."""
    x0, x1, x2, x3, x4, x5 = x
    torch.add(x4, x2, alpha=-4, out=p)
    torch.add(x3, x1, alpha=-4, out=q)
    torch.add(p, q, out=out[1])  # -4 x1 - 4 x2 + x3 + x4
    torch.sub(p, q, out=out[2])  # 4 x1 - 4 x2 - x3 + x4
    torch.sub(x4, x2, out=p)
    torch.sub(x3, x1, out=q)
    torch.add(p, q, alpha=2, out=out[3])  # -2 x1 - x2 + 2 x3 + x4
    torch.sub(p, q, alpha=2, out=out[4])  # 2 x1 - x2 - 2 x3 + x4
    torch.sub(x0, x2, out=out[0])
    torch.add(p, out[0], alpha=4, out=out[0])  # 4 x0 - 5 x2 + x4
    torch.sub(x5, x3, out=out[5])
    torch.sub(out[5], q, alpha=4, out=out[5])  # 4 x1 - 5 x3 + x5


def _transform_back(m: Sequence[Tensor], out: Sequence[Tensor], p: Tensor, q: Tensor) -> None:
    """Multiply by A^T along one axis, whose six values are ``m``."""
    m0, m1, m2, m3, m4, m5 = m
    torch.add(m1, m2, out=p)
    torch.add(m3, m4, out=q)
    torch.add(p, q, alpha=4, out=out[2])  # m1 + m2 + 4 m3 + 4 m4
    torch.add(m0, p, out=p)
    torch.add(p, q, out=out[0])  # m0 + m1 + m2 + m3 + m4
    torch.sub(m1, m2, out=p)
    torch.sub(m3, m4, out=q)
    torch.add(p, q, alpha=2, out=out[1])  # m1 - m2 + 2 m3 - 2 m4
    torch.add(m5, p, out=p)
    torch.add(p, q, alpha=8, out=out[3])  # m1 - m2 + 8 m3 - 8 m4 + m5
