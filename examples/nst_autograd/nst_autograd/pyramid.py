"""The variables of a Laplacian pyramid; autograd finds the gradient with respect to them."""

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from nst_core.optimisers import level_sizes


class Pyramid:
    """A pyramid's levels side by side, (1, 3, N); without levels the image (1, 3, H, W)."""

    def __init__(self, *, height: int, width: int, levels: int) -> None:
        self._sizes = level_sizes(height=height, width=width, levels=levels)

    def decompose(self, x: Tensor) -> Tensor:
        """Return the levels of an image: what each halving loses, and what is left."""
        if len(self._sizes) == 1:
            return x
        levels = []
        for finer, coarser in pairwise(self._sizes):
            halved = _resized(x, coarser)
            levels.append(x - _resized(halved, finer))
            x = halved
        return torch.cat([level.reshape(1, 3, -1) for level in [*levels, x]], dim=2)

    def compose(self, z: Tensor) -> Tensor:
        """Return the image of the levels."""
        if len(self._sizes) == 1:
            return z
        levels, start = [], 0
        for height, width in self._sizes:
            levels.append(z[:, :, start : start + height * width].reshape(1, 3, height, width))
            start += height * width
        *finer, x = levels
        for level in reversed(finer):
            x = level + _resized(x, level.shape[2:])
        return x


def _resized(x: Tensor, size: tuple[int, ...]) -> Tensor:
    resized: Tensor = interpolate(x, size, mode="bilinear", align_corners=False)
    return resized
