"""The convolution conv1_1 as a matrix product: three channels are too few for Winograd's method."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nst_pytorch import timing
from nst_pytorch.cpu.buffers import INPUT_TILES, Scratch
from nst_pytorch.cpu.tiles import TileBlock, clear_outside


class FirstConvolution:
    """conv1_1 of one image, part by part, and the gradient of the image, from one patch per block.

    The image is stored in planes with a padding that is wide enough for every part. The 3x3
    neighbours at one place, of all pixels of a part, form the rows of a matrix (27, pixels).

    Args:
        weight: (O, 3, 3, 3).
        bias: (O,).
        size: (H, W) of the image.
        padded_size: (H', W') of the output, with its padding and whole tiles.
        replicates: Whether the padding repeats the image's edge; otherwise it is zero.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        *,
        size: tuple[int, int],
        padded_size: tuple[int, int],
        replicates: bool,
    ) -> None:
        # The 28th row of the matrix is ones, for the bias.
        flat = weight.reshape(len(weight), 27).T
        self._kernels = torch.cat([flat, bias[None]]).contiguous()
        self._gradient_kernels = flat.contiguous()
        self._replicates = replicates
        self._size = size
        high, wide = padded_size
        self._planes = weight.new_zeros(3, high + 2, wide + 2)
        self._patches: dict[TileBlock, Tensor] = {}

    def load(self, x: Tensor) -> None:
        """Copy the image ``x`` (1, 3, H, W)."""
        height, width = self._size
        if self._replicates:
            x = functional.pad(x, (1, 1, 1, 1), "replicate")
            self._planes[:, 1 : height + 3, 1 : width + 3] = x[0]
        else:
            self._planes[:, 2 : height + 2, 2 : width + 2] = x[0]

    @timing.kernel("conv1_1")
    def convolve(self, rows: slice, columns: slice, scratch: Scratch, name: str) -> Tensor:
        """Return a part (rows, columns, O) without the ReLU; it is zero outside the picture.

        Args:
            rows: The rows of the part in the padded output.
            columns: Its columns there.
            scratch: A worker's buffers, of which ``INPUT_TILES`` is overwritten.
            name: The buffer in which the part is returned.
        """
        high, wide = rows.stop - rows.start, columns.stop - columns.start
        plane, span, _ = self._planes.stride()
        matrix = scratch.take(INPUT_TILES, 28, high * wide)
        begin = rows.start * span + columns.start
        shape, strides = (3, 3, 3, high, wide), (plane, span, 1, span, 1)
        neighbours = self._planes.as_strided(shape, strides, begin)
        matrix[:27].view(shape).copy_(neighbours)
        matrix[27].fill_(1)
        out = scratch.take(name, high * wide, self._kernels.shape[1])
        part = torch.mm(matrix.T, self._kernels, out=out).view(high, wide, -1)
        clear_outside(part, self._size, (rows, columns))
        return part

    @timing.kernel("conv1_1")
    def add_gradient(self, gradient: Tensor, block: TileBlock, scratch: Scratch) -> None:
        """Take the gradient of the output in a tile block, (4 rows, 4 columns, O)."""
        high, wide, outs = gradient.shape
        matrix = scratch.take(INPUT_TILES, 27, high * wide)
        torch.mm(self._gradient_kernels, gradient.reshape(-1, outs).T, out=matrix)
        parts = matrix.view(3, 3, 3, high, wide)
        if block not in self._patches:
            self._patches[block] = gradient.new_empty(3, high + 2, wide + 2)
        patch = self._patches[block].zero_()
        for row in range(3):
            for column in range(3):
                patch[:, row : row + high, column : column + wide].add_(parts[:, row, column])

    def image_gradient(self) -> Tensor:
        """Return the gradient of the image (1, 3, H, W), the sum over all tile blocks."""
        height, width = self._size
        weight = self._gradient_kernels
        found = weight.new_zeros(height, width, 3).permute(2, 0, 1)
        # Patches overlap by two rows and columns. The order is always the same, so the bits repeat.
        for block in sorted(self._patches):
            patch, corner = self._patches[block], (4 * block.top - 1, 4 * block.left - 1)
            for axis, (begin, length) in enumerate(zip(corner, self._size, strict=True), start=1):
                patch = _crop(patch, axis, begin, length, folds=self._replicates)
            top, left = (max(0, begin) for begin in corner)
            _, high, wide = patch.shape
            found[:, top : top + high, left : left + wide].add_(patch)
        return found[None]


def _crop(patch: Tensor, axis: int, begin: int, length: int, *, folds: bool) -> Tensor:
    """Return what of a patch lies inside the picture along one axis.

    Args:
        patch: (3, H, W).
        axis: 1 or 2.
        begin: Where the patch begins in the picture.
        length: The picture's length along the axis.
        folds: Whether the gradient beyond an edge is added to the edge, which is repeated there.
    """
    first, last = max(0, -begin), min(patch.shape[axis], length - begin)
    if folds and first:
        patch.select(axis, first).add_(patch.select(axis, first - 1))
    if folds and 0 < last < patch.shape[axis]:
        patch.select(axis, last - 1).add_(patch.select(axis, last))
    return patch.narrow(axis, first, last - first)
