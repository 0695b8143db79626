"""Sums over feature maps and products of them, in pieces that the workers share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor

from nst_pytorch import timing
from nst_pytorch.feature_map import FeatureMap, Features
from nst_pytorch.thread_pool import thread_pool

PIECE_SIZE = 1 << 17
"""Values per piece, which should fit into a core's cache."""
_MIN_PRODUCTS = 64
"""Products per value from which on two pieces pay off: a Gram matrix of 64 channels."""
_SUMS_PER_WORKER = 4
"""Several, so that the cores can share the pieces; not many, since they take memory."""


@timing.kernel("losses", collective=True)
def gram_matrix(features: Features, density: FeatureMap | None = None) -> Tensor:
    """Return F^T F (C, C), not normalised, of features F (H*W, C).

    Args:
        features: The features of one picture, or a part of them.
        density: (H, W, 1), the weight of each pixel, D = diag(density), in F^T D F.
    """
    channels, interior = features.channels, _interior_columns(features)
    if density is None:
        # The padding's zeros add nothing, and the rows stay contiguous.
        return _gram(lambda piece: piece.reshape(-1, channels), features)

    def matrix_of(piece: Tensor, weights: Tensor) -> Tensor:
        return (piece[:, interior] * weights.sqrt()).view(-1, channels)

    return _gram(matrix_of, features, density)


@timing.kernel("losses", collective=True)
def mean_and_scatter(
    features: Features, density: FeatureMap | None = None
) -> tuple[Tensor, Tensor]:
    """Return the mean m (C,) of the pixels f, and the scatter matrix (C, C) sum (f - m)(f - m)^T.

    Args:
        features: The features of one picture, or a part of them.
        density: (H, W, 1), the weight of each pixel in both; 1 by default. It may be 0 throughout.
    """
    channels, pixels = features.channels, features.pixels
    interior = _interior_columns(features)
    # The mean is subtracted from the features, not from their second moment. The mean may be so
    # large that the second moment in float32 loses the directions of small variance.
    if density is None:
        mean = _sum(lambda piece: piece.sum(dim=(0, 1)), features, shape=(channels,)).div_(pixels)
        return mean, _gram(lambda piece: (piece[:, interior] - mean).view(-1, channels), features)

    def matrix_of(piece: Tensor, weights: Tensor) -> Tensor:
        return ((piece[:, interior] - mean) * weights.sqrt()).view(-1, channels)

    def weighted(piece: Tensor, weights: Tensor) -> Tensor:
        return (piece[:, interior] * weights).sum(dim=(0, 1))

    count = density.interior.sum()
    found = _sum(weighted, features, density, shape=(channels,))
    mean = found.div_(torch.where(count > 0, count, torch.ones_like(count)))
    return mean, _gram(matrix_of, features, density)


@timing.kernel("losses", collective=True)
def squared_distance(features: Features, target: Features) -> Tensor:
    """Return the sum () of the squared differences of two maps with the same padding."""
    return _sum(lambda piece, other: (piece - other).square_().sum(), features, target, shape=())


@timing.kernel("losses", collective=True)
def absolute_and_squared_distance(features: Features, target: Features) -> tuple[Tensor, Tensor]:
    """Return the sums () of the absolute and of the squared differences of two such maps."""

    def both(piece: Tensor, other: Tensor) -> Tensor:
        difference = piece - other
        return torch.stack([difference.abs().sum(), difference.square_().sum()])

    absolute, squared = _sum(both, features, target, shape=(2,))
    return absolute, squared


@timing.kernel("losses", collective=True)
def weighted_distance(
    features: Features, target: Features, weights: FeatureMap
) -> tuple[Tensor, Tensor]:
    """Return the weighted sums () of the absolute and of the squared differences of two maps.

    Args:
        features: The features of one picture, or a part of them.
        target: Features with the same padding.
        weights: (H, W, 1), without padding: the weight of each pixel.
    """
    interior = _interior_columns(features)

    def both(piece: Tensor, other: Tensor, by: Tensor) -> Tensor:
        difference = piece[:, interior] - other[:, interior]
        absolute = (difference.abs() * by).sum()
        return torch.stack([absolute, (difference.square_() * by).sum()])

    absolute, squared = _sum(both, features, target, weights, shape=(2,))
    return absolute, squared


@timing.kernel("losses")
def add_matmul(out: Tensor, features: Tensor, matrix: Tensor) -> None:
    """Add F M to ``out`` in place; F and ``out`` (rows, columns, C), ``matrix`` M (C, C)."""
    channels = out.shape[-1]
    if out.is_contiguous() and features.is_contiguous():
        out.view(-1, channels).addmm_(features.view(-1, channels), matrix)
    else:
        out.baddbmm_(features, matrix.expand(len(out), channels, channels))


def _gram(matrix_of: Callable[..., Tensor], *maps: Features) -> Tensor:
    """Return F^T F (C, C), where ``matrix_of`` maps rows of all maps to rows F (pixels, C).

    The result is symmetric. Where the workers share it, a quarter of it is copied instead of
    computed.
    """
    channels = maps[0].channels
    if not _is_shared(maps[0], products_per_value=channels):
        matrix = matrix_of(*_rows(maps, 0, maps[0].height))
        return matrix.T @ matrix
    half = channels // 2

    def multiply(out: Tensor, *pieces: Tensor) -> None:
        f = matrix_of(*pieces)
        out[:, :half].addmm_(f.T, f[:, :half])
        out[half:, half:].addmm_(f[:, half:].T, f[:, half:])

    found = _sum_in_pieces(multiply, *maps, shape=(channels, channels))
    found[:half, half:] = found[half:, :half].T
    return found


def _sum(function: Callable[..., Tensor], *maps: Features, shape: Sequence[int]) -> Tensor:
    """Return the sum of the values of ``function`` for rows of all maps."""
    if not _is_shared(maps[0]):
        return function(*_rows(maps, 0, maps[0].height))

    def add(out: Tensor, *pieces: Tensor) -> None:
        out.add_(function(*pieces))

    return _sum_in_pieces(add, *maps, shape=shape)


def _sum_in_pieces(add: Callable[..., None], *maps: Features, shape: Sequence[int]) -> Tensor:
    """Return a sum that the workers compute by calls ``add(sum, rows of each map, ...)``."""
    first, workers = maps[0], thread_pool().count
    # Equal pieces, as many for each worker, and sums that take no more memory than the maps.
    wanted = -(-_count_values(first) // PIECE_SIZE)
    split = min(first.height, workers * -(-wanted // workers))
    pieces = list(pairwise(first.height * number // split for number in range(split + 1)))
    most = max(workers, _count_values(first) // prod(shape))
    count = min(split, _SUMS_PER_WORKER * workers, most)
    sums = torch.zeros(count, *shape, dtype=first.dtype, device=first.device)

    def add_pieces(worker: int, number: int) -> None:
        for top, end in pieces[number::count]:
            add(sums[number], *_rows(maps, top, end - top, worker))

    # The pieces and their order never depend on which worker is first: the bits repeat.
    thread_pool().map(range(count), add_pieces)
    return sums.sum(dim=0)


def _rows(maps: Sequence[Features], top: int, count: int, worker: int = 0) -> list[Tensor]:
    return [one.rows(top, count, worker) for one in maps]


def _interior_columns(features: Features) -> slice:
    """Return which columns of a map's rows are not padding."""
    return slice(features.pad_left, features.pad_left + features.width)


def _is_shared(features: Features, *, products_per_value: int = _MIN_PRODUCTS) -> bool:
    """Return whether it pays off that the workers share a map, with so many products per value."""
    if features.device.type != "cpu":
        return False
    # Smaller maps are shared by PyTorch's own threads, if it has any here.
    single = torch.get_num_threads() == 1
    least = 2 * PIECE_SIZE
    if single:
        least = least * _MIN_PRODUCTS // max(products_per_value, _MIN_PRODUCTS)
    return _count_values(features) > least


def _count_values(features: Features) -> int:
    return features.height * features.padded_width * features.channels
