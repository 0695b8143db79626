"""Winograd's F(4x4, 3x3): a 3x3 convolution with a quarter of the multiplications.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016): each tile of 4x4 results
comes of 6x6 values, transformed by B on both sides, multiplied by the kernel transformed by G, and
transformed back by A. The transforms are done here by additions alone, first along one axis, then
along the other; the multiplications are 36 matrix products over the channels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def forward_kernels(weight: Tensor) -> Tensor:
    """Return the transformed kernels (36, I, O) of a convolution's ``weight`` (O, I, 3, 3)."""
    g = torch.tensor(_G, dtype=torch.float64).to(weight.dtype)
    # One product over both axes: (36, 9) (9, O * I).
    both = torch.kron(g, g)
    outs, ins = weight.shape[:2]
    flat = weight.permute(2, 3, 1, 0).reshape(9, ins * outs)
    return (both @ flat).view(36, ins, outs)


class Scratch:
    """One worker's buffers, in its cache: each holds by turns what one step makes for the next.

    Args:
        dtype: Of the values.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._flat: dict[str, Tensor] = {}
        self._transforms: dict[tuple[object, ...], Transforms] = {}

    def take(self, name: str, *shape: int) -> Tensor:
        """Return the beginning of a buffer, in a shape; what it held before is still in it."""
        size = math.prod(shape)
        flat = self._flat.get(name)
        if flat is None or flat.numel() < size:
            flat = self._flat[name] = torch.empty(size, dtype=self._dtype)
            self._transforms.clear()  # or their views would keep the smaller buffer
        return flat[:size].view(shape)

    def transforms(
        self, rows: int, columns: int, ins: int, outs: int, common: Common | None = None
    ) -> Transforms:
        """Return what it takes to convolve blocks of this size, from ``ins`` to ``outs``."""
        key = rows, columns, ins, outs, common
        if key not in self._transforms:
            self._transforms[key] = Transforms(self, *key)
        return self._transforms[key]


class Common(NamedTuple):
    """Where all blocks' values before and after the products lie together, tile after tile.

    Attributes:
        scratch: Of all workers, which must not grow any more.
        tiles: How many there are.
        begin: How many of them are of blocks before this one.
    """

    scratch: Scratch
    tiles: int
    begin: int

    def views(self, ins: int, outs: int) -> tuple[Tensor, Tensor]:
        """Return all tiles' values (36, tiles, I), and their products (36, tiles, O)."""
        take = self.scratch.take
        return take("values", 36, self.tiles, ins), take("products", 36, self.tiles, outs)


def room(rows: int, columns: int, ins: int, outs: int, *, common: bool = False) -> dict[str, int]:
    """Return buffer -> values that one block's convolution needs room for in it.

    Args:
        rows: Of tiles.
        columns: Of tiles.
        ins: Channels.
        outs: Channels.
        common: Whether what the products take and make lies elsewhere.
    """
    wide, high = rows * columns, 4 * rows + 2
    values, products = (0, 0) if common else (36 * wide * ins, 36 * wide * outs)
    return {
        "first": max(6 * high * columns * ins, 12 * wide * outs),
        "second": max(values, 24 * wide * outs),
        "third": max(12 * wide * ins, products),
    }


class Transforms:
    """The buffers of one block's convolution, and the views of them that its steps take.

    They are made once: making them takes Python as long as computing takes a core.

    Attributes:
        values: (36, tiles, I), what ``forth`` writes.
        products: (36, tiles, O), which ``back`` takes.
    """

    def __init__(
        self,
        scratch: Scratch,
        rows: int,
        columns: int,
        ins: int,
        outs: int,
        common: Common | None = None,
    ) -> None:
        take, wide, high = scratch.take, rows * columns, 4 * rows + 2
        needs = room(rows, columns, ins, outs, common=common is not None)
        for name, size in needs.items():
            take(name, size)  # once, as large as the largest of the views
        if common is None:
            self.values, self.products = (
                take("second", 36, wide, ins),
                take("third", 36, wide, outs),
            )
        else:
            place = slice(common.begin, common.begin + wide)
            self.values, self.products = (one[:, place] for one in common.views(ins, outs))
        # Along the columns first: fewer values are then in the order that is slower to read.
        self._half = take("third", 2, high, columns, ins).unbind()
        a = take("first", 6, high, columns, ins)
        self._a = a.unbind()
        span = 4 * (rows - 1) + 1
        self._a_rows = [a[:, i : i + span : 4] for i in range(6)]
        self._half_v = take("third", 2, 6, rows, columns, ins).unbind()
        self._v_rows = self.values.view(6, 6, rows, columns, ins).unbind()
        self._m_one = self.products[_ONE]
        self._m_rows = self.products.view(6, 6, wide, outs).unbind()
        self._half_z = take("first", 2, 6, wide, outs).unbind()
        z = take("second", 4, 6, wide, outs)
        self._z = z.unbind()
        self._z_columns = z.view(4, 6, rows, columns, outs).unbind(1)
        self._half_out = take("first", 2, 4, rows, columns, outs).unbind()
        self._columns = columns

    def forth(self, source: Tensor, *, turned: bool = False) -> None:
        """Write ``values``; the arguments are those of ``convolve``."""
        order = -1 if turned else 1
        _transform(_six_columns(source, self._columns)[::order], self._a, *self._half)
        _transform(self._a_rows[::order], self._v_rows, *self._half_v)

    def back(self, bias: Tensor | None, outs: Sequence[Tensor], *, turned: bool = False) -> None:
        """Write ``outs`` from ``products``; the arguments are those of ``convolve``."""
        order = -1 if turned else 1
        if bias is not None:
            self._m_one.add_(bias)
        _transform_back(self._m_rows, self._z[::order], *self._half_z)
        _transform_back(self._z_columns, outs[::order], *self._half_out)


def convolve(
    source: Tensor,
    kernels: Tensor,
    bias: Tensor | None,
    outs: Sequence[Tensor],
    scratch: Scratch,
    *,
    turned: bool = False,
) -> None:
    """Convolve one block.

    By the kernels turned by 180 degrees, as the input gradient needs it, tiles are taken and put
    back turned in place of the kernels, so that these are needed only once.

    Args:
        source: (4 rows + 2, 4 columns + 2, I), the block's values and one more on each side.
        kernels: (36, I, O); turned, (36, O, I) of the convolution whose gradient this is.
        bias: (O,).
        outs: Four views (4, rows, columns, O): the tiles' columns, by the rows within a tile.
        scratch: Of the worker that this runs on.
        turned: Whether the kernels are to be turned.
    """
    _, rows, columns, channels = outs[0].shape
    t = scratch.transforms(rows, columns, source.shape[2], channels)
    t.forth(source, turned=turned)
    multiply(t.values, kernels.transpose(1, 2) if turned else kernels, t.products)
    t.back(bias, outs, turned=turned)


def _six_columns(source: Tensor, columns: int) -> list[Tensor]:
    span = 4 * (columns - 1) + 1
    return [source[:, j : j + span : 4] for j in range(6)]


def multiply(values: Tensor, kernels: Tensor, out: Tensor) -> None:
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
