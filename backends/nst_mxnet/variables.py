"""What Adam moves: the normalised image, or the levels of its Laplacian pyramid."""

from __future__ import annotations

from itertools import pairwise
from typing import Protocol

import numpy as np
from typing_extensions import override

from nst_core.arrays import Array
from nst_core.backend import DType, Problem
from nst_core.optimisers import interpolation, level_sizes
from nst_mxnet import layout
from nst_mxnet._framework import Context, Tensor, mx


class Variables(Protocol):
    """A linear map from the variables z to the normalised image x (1, 3, H, W)."""

    def start(self, x: Tensor) -> Tensor:
        """Return variables whose image is ``x``; they may be ``x`` itself."""
        ...

    def image(self, z: Tensor) -> Tensor:
        """Return the normalised image (1, 3, H, W)."""
        ...

    def gradient(self, gradient: Tensor) -> Tensor:
        """Return the gradient with respect to z, from that with respect to the image."""
        ...

    def to_array(self, z: Tensor) -> Array:
        """Return a copy of z, or of an array like it, as ``AdamState`` holds it."""
        ...

    def to_tensor(self, array: Array) -> Tensor:
        """Return what ``to_array`` turned into an array."""
        ...


class Pixels(Variables):
    """The variables are the normalised image itself."""

    def __init__(self, *, device: Context, dtype: DType) -> None:
        self._device, self._dtype = device, dtype

    @override
    def start(self, x: Tensor) -> Tensor:
        return x

    @override
    def image(self, z: Tensor) -> Tensor:
        return z

    @override
    def gradient(self, gradient: Tensor) -> Tensor:
        return gradient

    @override
    def to_array(self, z: Tensor) -> Array:
        return layout.to_array(z)

    @override
    def to_tensor(self, array: Array) -> Tensor:
        return layout.to_tensor(array, device=self._device, dtype=self._dtype)


class LaplacianLevels(Variables):
    """The variables are the levels of a pyramid: see ``nst_core.optimisers.LaplacianPyramid``.

    They are one array (3 N,), so that Adam is a few operations and not a few for each level. It
    holds the planes (3, h, w) of each level, the finest first. Interpolation is a product with a
    matrix for each side, and so is its adjoint.
    """

    def __init__(
        self, *, size: tuple[int, int], levels: int, device: Context, dtype: DType
    ) -> None:
        self._device, self._dtype = device, dtype
        self._sizes = level_sizes(height=size[0], width=size[1], levels=levels)
        # For the image of each level but the finest: from its size to the next finer one's.
        self._enlarging = [
            (self._matrix(finer[0], coarser[0]), self._matrix(finer[1], coarser[1]))
            for finer, coarser in pairwise(self._sizes)
        ]

    @override
    def start(self, x: Tensor) -> Tensor:
        levels = []
        image = x[0]
        for (finer, coarser), enlarging in zip(pairwise(self._sizes), self._enlarging, strict=True):
            halved = _resized(
                image, self._matrix(coarser[0], finer[0]), self._matrix(coarser[1], finer[1])
            )
            levels.append(image - _resized(halved, *enlarging))
            image = halved
        return self._joined([*levels, image])

    @override
    def image(self, z: Tensor) -> Tensor:
        *finer, image = self._split(z)
        for level, enlarging in zip(reversed(finer), reversed(self._enlarging), strict=True):
            image = level + _resized(image, *enlarging)
        return mx.np.expand_dims(image, 0)

    @override
    def gradient(self, gradient: Tensor) -> Tensor:
        levels = [gradient[0]]
        for rows, columns in self._enlarging:
            levels.append(_resized(levels[-1], rows.T, columns.T))
        return self._joined(levels)

    @override
    def to_array(self, z: Tensor) -> Array:
        levels = [level.asnumpy().reshape(3, -1).T for level in self._split(z)]
        return np.concatenate(levels)

    @override
    def to_tensor(self, array: Array) -> Tensor:
        ends = np.cumsum([height * width for height, width in self._sizes])[:-1]
        planes = [np.ascontiguousarray(part.T).reshape(-1) for part in np.split(array, ends)]
        return self._array(np.concatenate(planes))

    def _split(self, z: Tensor) -> list[Tensor]:
        """Return the levels and the residual, (3, h, w), the finest first."""
        ends = np.cumsum([3 * height * width for height, width in self._sizes]).tolist()
        starts = [0, *ends[:-1]]
        return [
            z[start:end].reshape(3, *size)
            for start, end, size in zip(starts, ends, self._sizes, strict=True)
        ]

    def _joined(self, levels: list[Tensor]) -> Tensor:
        return mx.np.concatenate([level.reshape(-1) for level in levels])

    def _matrix(self, to: int, source: int) -> Tensor:
        return self._array(interpolation(to=to, source=source))

    def _array(self, array: Array) -> Tensor:
        with self._device:
            return mx.np.array(array, dtype=self._dtype)


def variables_of(problem: Problem, *, device: Context, dtype: DType) -> Variables:
    """Return the variables that a problem asks for."""
    height, width, _ = problem.start.shape
    if not problem.laplacian_levels:
        return Pixels(device=device, dtype=dtype)
    size = height, width
    return LaplacianLevels(size=size, levels=problem.laplacian_levels, device=device, dtype=dtype)


def _resized(image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Multiply both sides of an image (3, h, w) by matrices (h', h) and (w', w): (3, h', w')."""
    return mx.np.matmul(mx.np.matmul(rows, image), columns.T)
