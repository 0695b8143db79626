"""The image as a Laplacian pyramid: a change of variables that any optimiser can use.

Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code" (1983), with the bilinear halving
of Kolkin et al., "Neural Neighbor Style Transfer" (2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from nst_core.arrays import Array, Image

Sides = tuple[int, int]
"""(height, width) in pixels."""

PYRAMID_LEVELS = 8
"""How many levels Kolkin et al. take, besides the residual."""


class LaplacianPyramid:
    """The linear map S from a variable z, a pyramid's levels, to the normalised image y = S z.

    The levels z_0 (the finest) … z_(n-1) have the sizes of the image and of its successive
    halvings, and the residual z_n has one more halving:

    - y_n = z_n, y_k = z_k + U_k y_(k+1), and y = y_0

    U_k enlarges y_(k+1) to the size of z_k. A halving goes from a side of m pixels to m // 2. It
    and U_k are bilinear without antialiasing, and the outer edges of the two pictures coincide:
    pixel i of a row of m' pixels reads a row of m pixels at (i + 1/2) m / m' - 1/2, clamped to
    0 … m - 1 (``align_corners=False`` in PyTorch). If m is even, a halving is the mean of each two
    pixels.

    S is onto but not invertible: z has about 4/3 as many numbers as y. So no image is out of
    reach, and none is preferred; what changes is the way there. Where gradient descent over y
    takes the step -t g, over z it takes -t S S^T g: a coarse level moves a whole area at once, as
    far as a fine level moves one pixel. The gradient with respect to z is S^T g, see ``transpose``.
    As the losses depend on z through y alone, the path of an optimiser whose steps depend on
    gradients alone (Adam, L-BFGS) is the same for every z of the first image.

    z is one array (N, 3): the pixels of the finest level row by row, then those of the next one.
    With 0 levels S is the identity and z is (H, W, 3).

    Args:
        height: Height of the image, in pixels.
        width: Width of the image, in pixels.
        levels: The number of levels besides the residual, at least 0. It is limited to
            log2 of the shorter side, rounded down, so that the residual has a pixel.

    Attributes:
        sizes: (height, width) of each level and of the residual, the finest first.
        shape: The shape of z.
    """

    def __init__(self, *, height: int, width: int, levels: int) -> None:
        self.sizes = level_sizes(height=height, width=width, levels=levels)
        count = sum(rows * columns for rows, columns in self.sizes)
        self.shape = (height, width, 3) if len(self.sizes) == 1 else (count, 3)

    def apply(self, z: Array) -> Image:
        """Return S z, (H, W, 3), in the dtype of z."""
        *finer, image = self.split(z)
        for level in reversed(finer):
            image = level + _resized(image, _sides(level))
        return image

    def undo(self, y: Image) -> Array:
        """Return a z of y = S z for an image (H, W, 3), in its dtype.

        Each level is what a halving loses: z_k = y_k - U_k y_(k+1), y_(k+1) the halving of y_k.
        """
        levels = []
        for _, smaller in pairwise(self.sizes):
            halved = _resized(y, smaller)
            levels.append(y - _resized(halved, _sides(y)))
            y = halved
        return self.join([*levels, y])

    def transpose(self, gradient: Image) -> Array:
        """Return S^T gradient: from the gradient with respect to y that with respect to z.

        S^T is the adjoint of S: <S z, g> = <z, S^T g>.
        """
        levels = [gradient]
        for finer, coarser in pairwise(self.sizes):
            levels.append(_resized_adjoint(levels[-1], finer=finer, coarser=coarser))
        return self.join(levels)

    def split(self, z: Array) -> list[Array]:
        """Return the levels of z and the residual, each (h, w, 3), the finest first."""
        if len(self.sizes) == 1:
            return [z]
        ends = np.cumsum([rows * columns for rows, columns in self.sizes])[:-1]
        parts = np.split(z, ends)
        return [part.reshape(*size, 3) for part, size in zip(parts, self.sizes, strict=True)]

    def join(self, levels: Sequence[Array]) -> Array:
        """Return the z of these levels; the inverse of ``split``."""
        if len(self.sizes) == 1:
            return levels[0]
        return np.concatenate([level.reshape(-1, 3) for level in levels])


def level_sizes(*, height: int, width: int, levels: int) -> tuple[Sides, ...]:
    """Return (height, width) of each level and of the residual, the finest first."""
    count = min(levels, min(height, width).bit_length() - 1)
    return tuple((height >> level, width >> level) for level in range(count + 1))


def interpolation(*, to: int, source: int) -> Array:
    """Return the matrix (to, source), float64, of bilinear interpolation along one side.

    Each row has one or two entries, which sum to 1: see ``LaplacianPyramid``.
    """
    places = np.clip((np.arange(to) + 0.5) * (source / to) - 0.5, 0, source - 1)
    below = places.astype(int)
    above, share = np.minimum(below + 1, source - 1), places - below
    matrix = np.zeros((to, source))
    matrix[np.arange(to), below] = 1 - share
    matrix[np.arange(to), above] += share
    return matrix


def _sides(image: Array) -> Sides:
    return image.shape[0], image.shape[1]


def _resized(image: Array, size: Sides) -> Array:
    rows, columns = _matrices(to=size, source=_sides(image), like=image)
    enlarged = np.tensordot(rows, image, axes=(1, 0))
    return _along_columns(columns, enlarged)


def _resized_adjoint(image: Array, *, finer: Sides, coarser: Sides) -> Array:
    rows, columns = _matrices(to=finer, source=coarser, like=image)
    return _along_columns(columns.T, np.tensordot(rows.T, image, axes=(1, 0)))


def _along_columns(matrix: Array, image: Array) -> Array:
    """Multiply the columns' axis of an image (h, w, 3) by a matrix (v, w): (h, v, 3)."""
    return np.ascontiguousarray(np.matmul(matrix, image))


def _matrices(*, to: Sides, source: Sides, like: Array) -> tuple[Array, Array]:
    rows, columns = (
        interpolation(to=n, source=m).astype(like.dtype) for n, m in zip(to, source, strict=True)
    )
    return rows, columns
