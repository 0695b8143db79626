"""conv1_1 and its input gradient: three channels are too few for Winograd; matrix products do.

The image lies in planes (3, rows * span): each row followed by the border that the feature map's
rows have, so that a 3x3 neighbour of any pixel is at a fixed distance, and all pixels' neighbours
in one place are one contiguous row of a matrix (27, pixels).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nst_pytorch.maps import FeatureMap
from nst_pytorch.winograd import Scratch


class FirstConvolution:
    """conv1_1 for images of one size.

    Args:
        weight: (O, 3, 3, 3).
        bias: (O,).
        height: Of the image.
        width: Of it.
        span: Length of a row of the feature map with its border, at least ``width`` + 2.
        replicates: Whether the image's edge goes on beyond it, in place of zeros.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        *,
        height: int,
        width: int,
        span: int,
        replicates: bool = False,
    ) -> None:
        self._weight = weight
        self.replicates = replicates
        # The 28th row of the matrix is ones, for the bias.
        flat = weight.reshape(len(weight), 27).T
        self.kernels = torch.cat([flat, bias[None]]).contiguous()
        self.turned = flat.contiguous()
        self.height, self.width, self.span = height, width, span
        # A row above and below, zeros or the edge's, and one value more at each end.
        self.planes = weight.new_zeros(3, (height + 2) * span + 2)
        self.gradient = weight.new_zeros(3, height, span)

    def load(self, x: Tensor) -> None:
        """Take over the image ``x`` (1, 3, H, W)."""
        inside = self.planes[:, 1:-1].view(3, self.height + 2, self.span)
        inside[:, 1:-1, 1 : self.width + 1] = x[0]
        if self.replicates:
            inside[:, 1:-1, : self.width + 2] = functional.pad(x, (1, 1, 0, 0), "replicate")[0]
            inside[:, 0], inside[:, -1] = inside[:, 1], inside[:, -2]

    def forward(self, top: int, rows: int, out: FeatureMap, scratch: Scratch) -> Tensor:
        """Write ``rows`` rows of the result, without the ReLU; return them with their border."""
        size, span = rows * self.span, self.span
        matrix = scratch.take("first", 28, size)
        plane = self.planes.stride(0)
        neighbours = self.planes.as_strided((3, 3, 3, size), (plane, span, 1, 1), top * span)
        matrix[:27].view(3, 3, 3, size).copy_(neighbours)
        matrix[27].fill_(1)
        written = out.whole[out.top + top : out.top + top + rows]
        torch.mm(matrix.T, self.kernels, out=written.view(size, -1))
        written[:, : out.left].zero_()
        written[:, out.left + self.width :].zero_()
        return written

    def backward(self, top: int, rows: int, gradient: FeatureMap, scratch: Scratch) -> None:
        """Write ``rows`` rows of the image's gradient, from that of the result."""
        size, span = rows * self.span, self.span
        # With the rows above and below: a pixel of the image is in 3x3 results.
        first = gradient.top + top - 1
        around = gradient.whole[first : first + rows + 2].view(size + 2 * span, -1)
        matrix = scratch.take("first", 27, size + 2 * span + 2)
        torch.mm(self.turned, around.T, out=matrix[:, : size + 2 * span])
        out = self.gradient[:, top : top + rows].view(3, size)
        parts = matrix.view(3, 3, 3, -1)
        out.zero_()
        for row in range(3):
            for column in range(3):
                # A result's upper left neighbour has the result at its lower right.
                begin = (2 - row) * span + 2 - column
                out.add_(parts[:, row, column, begin : begin + size])

    def image_gradient(self, gradient: FeatureMap) -> Tensor:
        """Return (1, 3, H, W) of what ``backward`` has written, from that of the whole result."""
        found = self.gradient[None, :, :, : self.width]
        found = found.contiguous(memory_format=torch.channels_last)
        if self.replicates:
            self._add_edges(found, gradient.image)
        return found

    def _add_edges(self, found: Tensor, gradient: Tensor) -> None:
        """Add to the image's edge the gradient of what goes on beyond it."""
        for axis in (2, 3):
            for edge, beyond in ((0, 0), (found.shape[axis] - 1, 2)):
                line = gradient.narrow(axis, edge, 1).contiguous()
                # Of the three lines that the result's last one depends on, the one outside.
                outside = functional.conv_transpose2d(line, self._weight).select(axis, beyond)
                to = found.select(axis, edge)
                to.add_(outside[..., 1:-1])
                if axis == 2:  # the corners, once
                    to[..., 0].add_(outside[..., 0])
                    to[..., -1].add_(outside[..., -1])
