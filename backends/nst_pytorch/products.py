"""Products and sums of feature maps, in pieces that the workers share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor

from nst_pytorch.maps import FeatureMap, Features
from nst_pytorch.workers import workers

_PIECE = 1 << 17
"""Values in a piece, which is to be in a core's cache."""
_EACH = 64
"""Products for each value from which on two pieces pay: a Gram matrix of 64 channels."""
_SUMS = 4
"""Sums for each worker: some, for the cores to share, and few, for they take up memory."""


def squares(features: Features, density: FeatureMap | None = None) -> Tensor:
    """Return F^T F (C, C), of features F (H*W, C).

    Args:
        features: One picture's, or a part of them.
        density: (H, W, 1): what each pixel counts, D = diag(density), in F^T D F.
    """
    channels, inside = features.channels, _inside(features)
    if density is None:
        # The border's zeros add nothing, and so lines stay contiguous.
        return _squares(lambda piece: piece.reshape(-1, channels), features)

    def rows_of(piece: Tensor, each: Tensor) -> Tensor:
        return (piece[:, inside] * each.sqrt()).view(-1, channels)

    return _squares(rows_of, features, density)


def mean_and_squares(
    features: Features, density: FeatureMap | None = None
) -> tuple[Tensor, Tensor]:
    """Return the mean m (C,) of the pixels f of features, and the sum (C, C) of (f - m)(f - m)^T.

    Args:
        features: One picture's, or a part of them.
        density: (H, W, 1), what each pixel counts in both; 1 by default. May be 0 throughout.
    """
    channels, pixels, inside = features.channels, features.pixels, _inside(features)
    # The mean is taken off the features, not off their second moment, where it may be so large
    # that float32 loses the small directions.
    if density is None:
        mean = _sum(lambda piece: piece.sum(dim=(0, 1)), features, shape=(channels,)).div_(pixels)
        return mean, _squares(lambda piece: (piece[:, inside] - mean).view(-1, channels), features)

    def rows_of(piece: Tensor, each: Tensor) -> Tensor:
        return ((piece[:, inside] - mean) * each.sqrt()).view(-1, channels)

    def weighted(piece: Tensor, each: Tensor) -> Tensor:
        return (piece[:, inside] * each).sum(dim=(0, 1))

    count = density.inner.sum()
    found = _sum(weighted, features, density, shape=(channels,))
    mean = found.div_(torch.where(count > 0, count, torch.ones_like(count)))
    return mean, _squares(rows_of, features, density)


def squared_distance(features: Features, target: Features) -> Tensor:
    """Return the sum () of the squared differences of two maps that are laid out alike."""
    return _sum(lambda piece, other: (piece - other).square_().sum(), features, target, shape=())


def distances(features: Features, target: Features) -> tuple[Tensor, Tensor]:
    """Return the sums () of the absolute differences of two such maps, and of the squared ones."""

    def both(piece: Tensor, other: Tensor) -> Tensor:
        difference = piece - other
        return torch.stack([difference.abs().sum(), difference.square_().sum()])

    absolute, squared = _sum(both, features, target, shape=(2,))
    return absolute, squared


def add_product(into: Tensor, features: Tensor, matrix: Tensor) -> None:
    """Add F M to ``into`` (rows, columns, C) in place, of F like it and ``matrix`` M (C, C)."""
    channels = into.shape[-1]
    if into.is_contiguous() and features.is_contiguous():
        into.view(-1, channels).addmm_(features.view(-1, channels), matrix)
    else:
        into.baddbmm_(features, matrix.expand(len(into), channels, channels))


def _squares(rows_of: Callable[..., Tensor], *maps: Features) -> Tensor:
    """Return F^T F (C, C), with F (pixels, C) what ``rows_of`` makes of lines of all maps.

    It is symmetric: shared, a quarter of it is copied.
    """
    channels = maps[0].channels
    if not _in_pieces(maps[0], each=channels):
        rows = rows_of(*_lines(maps, 0, maps[0].height))
        return rows.T @ rows
    half = channels // 2

    def multiply(out: Tensor, *pieces: Tensor) -> None:
        f = rows_of(*pieces)
        out[:, :half].addmm_(f.T, f[:, :half])
        out[half:, half:].addmm_(f[:, half:].T, f[:, half:])

    found = _summed(multiply, *maps, shape=(channels, channels))
    found[:half, half:] = found[half:, :half].T
    return found


def _sum(of: Callable[..., Tensor], *maps: Features, shape: Sequence[int]) -> Tensor:
    """Return the sum of what ``of`` makes of lines of all maps."""
    if not _in_pieces(maps[0]):
        return of(*_lines(maps, 0, maps[0].height))

    def add_up(out: Tensor, *pieces: Tensor) -> None:
        out.add_(of(*pieces))

    return _summed(add_up, *maps, shape=shape)


def _summed(work: Callable[..., None], *maps: Features, shape: Sequence[int]) -> Tensor:
    """Let the workers add up, by ``work(sum, lines, ...)``, what some lines of maps contribute."""
    one, least = maps[0], workers().count
    # Equal pieces, as many for one worker as for the other; sums that take no more than the maps.
    wanted = -(-_values(one) // _PIECE)
    split = min(one.height, least * -(-wanted // least))
    pieces = list(pairwise(one.height * number // split for number in range(split + 1)))
    count = min(split, _SUMS * least, max(least, _values(one) // prod(shape)))
    sums = torch.zeros(count, *shape, dtype=one.dtype, device=one.device)

    def add_up(worker: int, number: int) -> None:
        for top, end in pieces[number::count]:
            work(sums[number], *_lines(maps, top, end - top, worker))

    # Always the same pieces in the same order, whichever worker is first: the same bits.
    workers().each(range(count), add_up)
    return sums.sum(dim=0)


def _lines(maps: Sequence[Features], top: int, count: int, worker: int = 0) -> list[Tensor]:
    return [one.lines(top, count, worker) for one in maps]


def _inside(features: Features) -> slice:
    """Return which columns of a map's lines are no border."""
    return slice(features.left, features.left + features.width)


def _in_pieces(features: Features, *, each: int = _EACH) -> bool:
    """Return whether it pays that the workers share a map, with so many products for a value."""
    if features.device.type != "cpu":
        return False
    # What is smaller PyTorch's own threads share, where there are any.
    alone = torch.get_num_threads() == 1
    least = 2 * _PIECE * _EACH // max(each, _EACH) if alone else 2 * _PIECE
    return _values(features) > least


def _values(features: Features) -> int:
    return features.height * features.span * features.channels
