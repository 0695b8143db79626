"""Winograd's F(4x4, 3x3): a 3x3 convolution with a quarter of the multiplications.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016): each tile of 4x4 outputs
is computed from 6x6 inputs. These are transformed by B on both sides (V), multiplied by the kernel
transformed by the paper's matrix G, which gives M, and transformed back by A. The transforms of the
tiles need only additions and multiplications by powers of two, first along one axis, then along the
other. All other multiplications are 36 matrix products over the channels.

The products may be in bfloat16: V and the kernels are rounded to it, M is rounded by the product.
The transforms are always in the dtype of the values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from typing_extensions import override

from nst_pytorch import timing
from nst_pytorch.cpu.buffers import INPUT_TILES, M, Scratch, V
from nst_pytorch.cpu.compiled import (
    input_arguments,
    is_compiled,
    output_arguments,
    transforms_for,
)

WriteTiles = Callable[[Sequence[Tensor]], None]
"""Writes the convolution of one tile block into four views: see ``outs`` of ``convolve``."""

_G = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
_BIAS_PRODUCT = 7
"""The one of the 36 products that adds the same to all sixteen outputs; the bias is added to it."""


def transform_filters(weight: Tensor, *, products: torch.dtype | None = None) -> Tensor:
    """Return the transformed kernels (36, I, O) of a convolution's ``weight`` (O, I, 3, 3).

    Args:
        weight: The kernels.
        products: The dtype of the result; that of ``weight`` by default.
    """
    g = torch.tensor(_G, dtype=torch.float64).to(weight.dtype)
    # One product over both axes: (36, 9) (9, O * I).
    both = torch.kron(g, g)
    outs, ins = weight.shape[:2]
    flat = weight.permute(2, 3, 1, 0).reshape(9, ins * outs)
    return (both @ flat).view(36, ins, outs).to(products or weight.dtype)


class SharedScratch(NamedTuple):
    """A tile block's place in buffers with V and M of all tiles of a layer, one after the other.

    Attributes:
        scratch: The buffers, shared by all workers, in the dtype of the products; they must not
            grow any more.
        tiles: The number of tiles of all tile blocks.
        begin: The number of tiles of the tile blocks before this one.
    """

    scratch: Scratch
    tiles: int
    begin: int

    def views(self, ins: int, outs: int) -> tuple[Tensor, Tensor]:
        """Return V (36, tiles, I) and M (36, tiles, O) of all tile blocks."""
        kind = self.scratch.dtype
        return (
            _take_planes(self.scratch, V, self.tiles, ins, kind),
            _take_planes(self.scratch, M, self.tiles, outs, kind),
        )


PLANE_PADDING = 64
"""Bytes between two of the 36 planes of V and M. Without them planes often begin at multiples of
4096 bytes, and the 36 values of a tile, which are written together, displace each other in the
cache."""


def plane_values(tiles: int, channels: int, dtype: torch.dtype) -> int:
    """Return the number of values in 36 planes with their padding."""
    return 36 * (tiles * channels + PLANE_PADDING // dtype.itemsize)


def _take_planes(
    scratch: Scratch, name: str, tiles: int, channels: int, dtype: torch.dtype
) -> Tensor:
    """Return the first values of a buffer as V or M, (36, tiles, channels)."""
    values = plane_values(tiles, channels, dtype) // 36
    planes = scratch.take(name, 36, values, dtype=dtype)
    return torch.unflatten(planes[:, : tiles * channels], 1, (tiles, channels))


class BlockShape(NamedTuple):
    """What a tile block's convolution needs buffers for.

    Attributes:
        rows: Rows of tiles.
        columns: Columns of tiles.
        ins: Input channels.
        outs: Output channels.
        dtype: The dtype of the maps.
        products: The dtype of V and M.
        shared: Whether V and M lie in a ``SharedScratch``.
    """

    rows: int
    columns: int
    ins: int
    outs: int
    dtype: torch.dtype
    products: torch.dtype
    shared: bool

    @property
    def is_compiled(self) -> bool:
        """Whether there are compiled transforms."""
        return is_compiled(self.dtype, self.products, channels=(self.ins, self.outs))

    def buffer_sizes(self) -> dict[str, int]:
        """Return buffer -> the number of values, of ``dtype``, that are needed in it."""
        tiles, high = self.rows * self.columns, 4 * self.rows + 2
        per_value = self.dtype.itemsize // self.products.itemsize
        v, m = (
            -(-plane_values(tiles, channels, self.products) // per_value)
            for channels in (self.ins, self.outs)
        )
        if self.is_compiled:
            return {V: 0 if self.shared else v, M: 0 if self.shared else m}
        exact_v, exact_m = (
            plane_values(tiles, channels, self.dtype) for channels in (self.ins, self.outs)
        )
        if per_value > 1:
            # V is rounded into the buffer in which M is transformed, and M lies where V was exact.
            v, m = (exact_v, exact_m) if self.shared else (max(exact_v, m), max(exact_m, v))
        elif self.shared:
            v, m = 0, 0
        return {
            INPUT_TILES: max(6 * high * self.columns * self.ins, 12 * tiles * self.outs),
            V: max(v, 24 * tiles * self.outs),
            M: max(12 * tiles * self.ins, m),
        }


class BlockTransforms(ABC):
    """The transforms of one size of tile block, in a worker's buffers.

    The views of the buffers are made once and kept: making them takes as long in Python as a
    convolution of the tile block takes on a core.

    Attributes:
        V: (36, tiles, I) in the dtype of the products, written by ``transform_input``.
        M: (36, tiles, O) in that dtype, the products, read by ``transform_output``.
    """

    V: Tensor
    M: Tensor

    @abstractmethod
    def transform_input(self, source: Tensor, *, flipped: bool = False) -> None:
        """Write ``V``; the arguments are those of ``convolve``."""

    @abstractmethod
    def transform_output(
        self, bias: Tensor | None, outs: Sequence[Tensor], *, flipped: bool = False
    ) -> None:
        """Write ``outs`` from ``M``, which is lost; the arguments are those of ``convolve``."""

    def _place_shared(self, shape: BlockShape, shared: SharedScratch) -> None:
        place = slice(shared.begin, shared.begin + shape.rows * shape.columns)
        self.V, self.M = (one[:, place] for one in shared.views(shape.ins, shape.outs))


class CompiledTransforms(BlockTransforms):
    """One pass over each tile, by compiled code: see ``compiled``.

    Args:
        scratch: The worker's buffers.
        shape: The shape of the tile block.
        shared: The place of V and M, if they are shared.
    """

    def __init__(self, scratch: Scratch, shape: BlockShape, shared: SharedScratch | None) -> None:
        tiles, kind = shape.rows * shape.columns, shape.products
        if shared is not None:
            self._place_shared(shape, shared)
        else:
            self.V = _take_planes(scratch, V, tiles, shape.ins, kind)
            self.M = _take_planes(scratch, M, tiles, shape.outs, kind)
        self._shape = shape
        self._no_bias = torch.zeros(shape.outs, dtype=shape.dtype)

    @override
    @timing.kernel("transforms")
    def transform_input(self, source: Tensor, *, flipped: bool = False) -> None:
        shape = self._shape
        functions = transforms_for(shape.products, flipped=flipped)
        functions.read(*input_arguments(source, self.V, shape.rows, shape.columns))

    @override
    @timing.kernel("transforms")
    def transform_output(
        self, bias: Tensor | None, outs: Sequence[Tensor], *, flipped: bool = False
    ) -> None:
        functions = transforms_for(self._shape.products, flipped=flipped)
        added = self._no_bias if bias is None else bias
        functions.write(*output_arguments(self.M, added, outs))


class SteppedTransforms(BlockTransforms):
    """The transforms by PyTorch's operations, one addition of the whole tile block after the other.

    In another dtype than the values', V lies where M is transformed, and M where V was.

    Args:
        scratch: The worker's buffers.
        shape: The shape of the tile block.
        shared: The place of V and M, if they are shared.
    """

    def __init__(self, scratch: Scratch, shape: BlockShape, shared: SharedScratch | None) -> None:
        rows, columns, ins, outs, dtype, products, _ = shape
        take, tiles, high = scratch.take, rows * columns, 4 * rows + 2
        for name, size in shape.buffer_sizes().items():
            take(name, size)  # once, as large as the largest of the views
        rounded = products != dtype
        if shared is not None:
            self._place_shared(shape, shared)
        else:
            first, second = (M, V) if rounded else (V, M)
            self.V = _take_planes(scratch, first, tiles, ins, products)
            self.M = _take_planes(scratch, second, tiles, outs, products)
        self._rounded = rounded
        self._exact_v = _take_planes(scratch, V, tiles, ins, dtype) if rounded else self.V
        self._exact_m = _take_planes(scratch, M, tiles, outs, dtype) if rounded else self.M
        # Along the columns first: fewer values are then in the order that is slower to read.
        self._half = take(M, 2, high, columns, ins).unbind()
        a = take(INPUT_TILES, 6, high, columns, ins)
        self._a = a.unbind()
        span = 4 * (rows - 1) + 1
        self._a_rows = [a[:, i : i + span : 4] for i in range(6)]
        self._half_v = take(M, 2, 6, rows, columns, ins).unbind()
        self._v_rows = self._exact_v.view(6, 6, rows, columns, ins).unbind()
        self._m_bias = self._exact_m[_BIAS_PRODUCT]
        self._m_rows = self._exact_m.view(6, 6, tiles, outs).unbind()
        self._half_z = take(INPUT_TILES, 2, 6, tiles, outs).unbind()
        z = take(V, 4, 6, tiles, outs)
        self._z = z.unbind()
        self._z_columns = z.view(4, 6, rows, columns, outs).unbind(1)
        self._half_out = take(INPUT_TILES, 2, 4, rows, columns, outs).unbind()
        self._columns = columns

    @override
    def transform_input(self, source: Tensor, *, flipped: bool = False) -> None:
        order = -1 if flipped else 1
        _input_transform(_six_columns(source, self._columns)[::order], self._a, *self._half)
        _input_transform(self._a_rows[::order], self._v_rows, *self._half_v)
        if self._rounded:
            _cast(self._exact_v, self.V)

    @override
    def transform_output(
        self, bias: Tensor | None, outs: Sequence[Tensor], *, flipped: bool = False
    ) -> None:
        order = -1 if flipped else 1
        if self._rounded:
            _cast(self.M, self._exact_m)
        if bias is not None:
            self._m_bias.add_(bias)
        _output_transform(self._m_rows, self._z[::order], *self._half_z)
        _output_transform(self._z_columns, outs[::order], *self._half_out)


def block_transforms(
    scratch: Scratch,
    rows: int,
    columns: int,
    ins: int,
    outs: int,
    shared: SharedScratch | None,
    products: torch.dtype,
) -> BlockTransforms:
    """Return a worker's ``BlockTransforms`` for tile blocks of rows x columns, cached."""
    shape = BlockShape(rows, columns, ins, outs, scratch.dtype, products, shared is not None)

    def make(own: Scratch) -> BlockTransforms:
        kind = CompiledTransforms if shape.is_compiled else SteppedTransforms
        return kind(own, shape, shared)

    found: BlockTransforms = scratch.cached((shape, shared), make)
    return found


def convolve(
    source: Tensor,
    kernels: Tensor,
    bias: Tensor | None,
    outs: Sequence[Tensor],
    scratch: Scratch,
    *,
    flipped: bool = False,
) -> None:
    """Convolve one tile block.

    The backward pass needs the kernels rotated by 180 degrees. The tiles are rotated instead, on
    the way in and on the way out, so one set of transformed kernels serves both passes.

    Args:
        source: (4 rows + 2, 4 columns + 2, I), the tile block's values and one more on each side.
        kernels: (36, I, O); if flipped, (36, O, I) of the convolution whose gradient this is.
            Their dtype is that of the products.
        bias: (O,).
        outs: Four views (4, rows, columns, O), one for each of the tiles' columns; their first
            axis is the row within the tile.
        scratch: The buffers of the worker that this runs on.
        flipped: Whether the kernels are to be rotated.
    """
    _, rows, columns, channels = outs[0].shape
    transforms = block_transforms(
        scratch, rows, columns, source.shape[2], channels, None, kernels.dtype
    )
    transforms.transform_input(source, flipped=flipped)
    multiply(transforms.V, kernels.transpose(1, 2) if flipped else kernels, transforms.M)
    transforms.transform_output(bias, outs, flipped=flipped)


def _six_columns(source: Tensor, columns: int) -> list[Tensor]:
    span = 4 * (columns - 1) + 1
    return [source[:, j : j + span : 4] for j in range(6)]


@timing.kernel("products")
def multiply(v: Tensor, kernels: Tensor, out: Tensor) -> None:
    """Write 36 matrix products M (36, tiles, O) of V (36, tiles, I) and kernels (36, I, O)."""
    torch.bmm(v, kernels, out=out)


@timing.kernel("transforms")
def _cast(values: Tensor, out: Tensor) -> None:
    out.copy_(values)


@timing.kernel("transforms")
def _input_transform(x: Sequence[Tensor], out: Sequence[Tensor], p: Tensor, q: Tensor) -> None:
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


@timing.kernel("transforms")
def _output_transform(m: Sequence[Tensor], out: Sequence[Tensor], p: Tensor, q: Tensor) -> None:
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
