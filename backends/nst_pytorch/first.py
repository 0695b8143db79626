"""conv1_1 and its ReLU, computed anew wherever they are needed: of what they put out nothing stays.

At full size, with 64 channels, it would be as much as is kept of all other layers together, and
from three channels it is computed about as soon as it could be read. Those are too few for
Winograd; matrix products do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from nst_core.vgg19 import Layer
from nst_pytorch.blocks import Block
from nst_pytorch.buffers import bordered
from nst_pytorch.heads import Head
from nst_pytorch.judging import Additions, Convolve, Losses, judge
from nst_pytorch.maps import Copied, FeatureMap
from nst_pytorch.places import clear_outside, place_of, tile_columns
from nst_pytorch.winograd import Scratch
from nst_pytorch.workers import workers

_LINES = 16
"""Rows that a worker computes at a time, where all are asked for."""


class FirstConvolution:
    """conv1_1 of one image, part by part, and the image's gradient from parts of its own.

    The image lies in planes, with a border that goes on for as long as any part does: the 3x3
    neighbours in one place, of all pixels of a part, are rows of a matrix (27, pixels).

    Args:
        weight: (O, 3, 3, 3).
        bias: (O,).
        size: (H, W) of the image.
        whole: (H', W') of what it puts out, its border of one and whole tiles included.
        replicates: Whether the image's edge goes on beyond it, in place of zeros.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        *,
        size: tuple[int, int],
        whole: tuple[int, int],
        replicates: bool,
    ) -> None:
        # The 28th row of the matrix is ones, for the bias.
        flat = weight.reshape(len(weight), 27).T
        self._kernels = torch.cat([flat, bias[None]]).contiguous()
        self._turned = flat.contiguous()
        self._replicates = replicates
        self._size = size
        high, wide = whole
        self._planes = weight.new_zeros(3, high + 2, wide + 2)
        self._patches: dict[Block, Tensor] = {}

    def load(self, x: Tensor) -> None:
        """Take over the image ``x`` (1, 3, H, W)."""
        height, width = self._size
        if self._replicates:
            x = functional.pad(x, (1, 1, 1, 1), "replicate")
            self._planes[:, 1 : height + 3, 1 : width + 3] = x[0]
        else:
            self._planes[:, 2 : height + 2, 2 : width + 2] = x[0]

    def convolve(self, rows: slice, columns: slice, scratch: Scratch, name: str) -> Tensor:
        """Return a part (rows, columns, O), zero outside the picture, without the ReLU.

        Args:
            rows: Where it lies in a map's ``whole``.
            columns: Likewise.
            scratch: Whose buffer ``first`` is overwritten.
            name: The buffer that the part is returned in.
        """
        high, wide = rows.stop - rows.start, columns.stop - columns.start
        plane, span, _ = self._planes.stride()
        matrix = scratch.take("first", 28, high * wide)
        begin = rows.start * span + columns.start
        shape, strides = (3, 3, 3, high, wide), (plane, span, 1, span, 1)
        neighbours = self._planes.as_strided(shape, strides, begin)
        matrix[:27].view(shape).copy_(neighbours)
        matrix[27].fill_(1)
        out = scratch.take(name, high * wide, self._kernels.shape[1])
        part = torch.mm(matrix.T, self._kernels, out=out).view(high, wide, -1)
        clear_outside(part, self._size, (rows, columns))
        return part

    def take_gradient(self, part: Tensor, block: Block, scratch: Scratch) -> None:
        """Take the gradient of what ``convolve`` put out in a block (4 rows, 4 columns, O)."""
        high, wide, outs = part.shape
        matrix = scratch.take("first", 27, high * wide)
        torch.mm(self._turned, part.reshape(-1, outs).T, out=matrix)
        parts = matrix.view(3, 3, 3, high, wide)
        if block not in self._patches:
            self._patches[block] = part.new_empty(3, high + 2, wide + 2)
        patch = self._patches[block].zero_()
        for row in range(3):
            for column in range(3):
                patch[:, row : row + high, column : column + wide].add_(parts[:, row, column])

    def image_gradient(self) -> Tensor:
        """Return (1, 3, H, W), added up of what was taken for all blocks."""
        height, width = self._size
        weight = self._turned
        found = weight.new_zeros(height, width, 3).permute(2, 0, 1)
        # Blocks overlap by two rows and columns: in this order always, for the same bits.
        for block in sorted(self._patches):
            patch, corner = self._patches[block], (4 * block.top - 1, 4 * block.left - 1)
            for axis, (begin, length) in enumerate(zip(corner, self._size, strict=True), start=1):
                patch = _inside(patch, axis, begin, length, folds=self._replicates)
            top, left = (max(0, begin) for begin in corner)
            _, high, wide = patch.shape
            found[:, top : top + high, left : left + wide].add_(patch)
        return found[None]


class FirstStage:
    """conv1_1 with its ReLU, if the network goes that far, as ``stage.Stage`` is of the others.

    Attributes:
        conv: The convolution.
        name: ``1_1``.
        size: (H, W).
        channels: That it puts out.
        whole_size: (H', W') of its map with the border that ``stage`` takes for granted.

    Args:
        layers: The convolution, and the ReLU.
        taps: Names of the taps.
        size: (H, W) of the image.
    """

    def __init__(
        self, layers: Sequence[Layer], *, taps: frozenset[str], size: tuple[int, int]
    ) -> None:
        self.conv = layers[0]
        self.name = self.conv.name[4:]
        self.channels = self.conv.out_channels
        self.relu = len(layers) > 1
        self.size = size
        self.whole_size = bordered(*size, self.channels)[:2]
        self._taps = [layer.name for layer in layers if layer.name in taps]

    def allocate(
        self, weight: Tensor, bias: Tensor, scratch: Sequence[Scratch], *, replicates: bool
    ) -> None:
        """Make what it needs.

        Args:
            weight: (O, 3, 3, 3).
            bias: (O,).
            scratch: One for each worker.
            replicates: Whether the image's edge goes on beyond it, in place of zeros.
        """
        self._convolution = FirstConvolution(
            weight, bias, size=self.size, whole=self.whole_size, replicates=replicates
        )
        self.dtype = weight.dtype
        self._scratch = scratch

    def load(self, x: Tensor) -> None:
        """Take over the image ``x`` (1, 3, H, W)."""
        self._convolution.load(x)

    def taps(self) -> list[tuple[str, ComputedMap]]:
        """Return the names of the taps here, and their maps, in the order of the network."""
        return [(name, ComputedMap(self, activated=name.startswith("relu"))) for name in self._taps]

    def judge(self, heads: Mapping[str, Sequence[Head]]) -> tuple[Losses, Additions]:
        """Return what the heads find in the taps here, and what ``take`` is to add."""
        return judge(reversed(self.taps()), heads)

    def lines(self, top: int, count: int, worker: int, *, activated: bool) -> Tensor:
        """Return rows of what the convolution puts out, or the ReLU; see ``Features.lines``."""
        rows, columns = slice(1 + top, 1 + top + count), slice(0, self.whole_size[1])
        scratch = self._scratch[worker]
        found = self._convolution.convolve(rows, columns, scratch, "second")
        return found.clamp_min_(0) if activated else found

    def computed(self, *, activated: bool) -> FeatureMap:
        """Return all that the convolution puts out, or the ReLU."""
        whole = torch.zeros(*self.whole_size, self.channels, dtype=self.dtype)

        def compute(worker: int, top: int) -> None:
            count = min(_LINES, self.size[0] - top)
            lines = self.lines(top, count, worker, activated=activated)
            whole[1 + top : 1 + top + count].copy_(lines)

        workers().each(range(0, self.size[0], _LINES), compute)
        return FeatureMap(whole, 1, 1, *self.size)

    def around(self, block: Block, scratch: Scratch) -> Tensor:
        """Return what goes on in a block and around it, in the buffer ``fourth``."""
        rows, columns = (slice(place.start - 1, place.stop + 1) for place in place_of(block))
        found = self._convolution.convolve(rows, columns, scratch, "fourth")
        return found.clamp_min_(0) if self.relu else found

    def backward(
        self, block: Block, convolve: Convolve, additions: Additions, scratch: Scratch
    ) -> None:
        """Take a block of the gradient of what this puts out; see ``stage.Stage.backward``."""
        shape = 4 * block.rows, 4 * block.columns, self.channels
        gradient = scratch.take("fourth", *shape)
        convolve(tile_columns(gradient, block))
        place = place_of(block)
        z = self._convolution.convolve(*place, scratch, "second")
        if self.relu:
            # What it was before the ReLU is asked for once more only by a tap there.
            y = torch.clamp_min(z, 0, out=scratch.take("third", *z.shape)) if additions.conv else z
            # Of y > 0 and of z > 0 the same is true.
            if additions.relu and y is z:
                y.clamp_min_(0)
            for add in additions.relu:
                add(gradient, y, place)
            torch.ops.aten.threshold_backward.grad_input(gradient, y, 0, grad_input=gradient)
        for add in additions.conv:
            add(gradient, z, place)
        if additions.conv or not self.relu:
            clear_outside(gradient, self.size, place)
        self._convolution.take_gradient(gradient, block, scratch)

    def image_gradient(self) -> Tensor:
        """Return (1, 3, H, W), once every block was taken."""
        return self._convolution.image_gradient()


class ComputedMap(Copied):
    """What ``FirstStage`` puts out, as ``maps.Features``: computed when it is asked for.

    Args:
        stage: Which.
        activated: Whether it is what the ReLU puts out.
    """

    left = 1

    def __init__(self, stage: FirstStage, *, activated: bool) -> None:
        self._stage = stage
        self._activated = activated
        self.height, self.width = stage.size
        self.channels = stage.channels
        self.pixels = self.height * self.width
        self.whole_size = stage.whole_size
        self.span = self.whole_size[1]
        self.dtype = stage.dtype
        self.device = torch.device("cpu")

    def lines(self, top: int, count: int, worker: int) -> Tensor:
        """See ``Features``."""
        return self._stage.lines(top, count, worker, activated=self._activated)

    def laid(self, whole: Tensor) -> FeatureMap:
        """See ``Features``."""
        return FeatureMap(whole, 1, 1, self.height, self.width)

    def copy(self) -> FeatureMap:
        """See ``Features``."""
        return self._stage.computed(activated=self._activated)


def _inside(patch: Tensor, axis: int, begin: int, length: int, *, folds: bool) -> Tensor:
    """Return what of a patch lies inside the picture along one axis.

    Args:
        patch: (3, H, W).
        axis: 1 or 2.
        begin: Where in the picture the patch begins.
        length: The picture's.
        folds: Whether the gradient beyond an edge is added to the edge, which is repeated there.
    """
    first, last = max(0, -begin), min(patch.shape[axis], length - begin)
    if folds and first:
        patch.select(axis, first).add_(patch.select(axis, first - 1))
    if folds and 0 < last < patch.shape[axis]:
        patch.select(axis, last - 1).add_(patch.select(axis, last))
    return patch.narrow(axis, first, last - first)
