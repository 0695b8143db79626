"""Products and sums of feature maps, in pieces that the workers share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor

from nst_pytorch.maps import Features
from nst_pytorch.workers import workers

_PIECE = 1 << 17
"""Values in a piece, which is to be in a core's cache."""
_EACH = 64
"""Products for each value from which on two pieces pay: a Gram matrix of 64 channels."""
_SUMS = 4
"""Sums for each worker: some, for the cores to share, and few, for they take up memory."""


def gram(features: Features) -> Tensor:
    """Return F^T F / (C*H*W), (C, C), of features F (H*W, C)."""
    channels = features.channels
    scale = 1 / (channels * features.pixels)
    if not _in_pieces(features, each=channels):
        rows = features.whole.view(-1, channels)  # those of the border are zero
        return (rows.T @ rows).mul_(scale)
    return _summed_squares(lambda piece: piece.view(-1, channels), features).mul_(scale)


def mean_and_covariance(features: Features) -> tuple[Tensor, Tensor]:
    """Return the mean (C,) and covariance (C, C) of the pixels of features."""
    channels, pixels = features.channels, features.pixels
    # The mean is taken off the features, not off their second moment, where it may be so large
    # that float32 loses the small directions.
    if not _in_pieces(features, each=channels):
        inner = features.inner
        mean = inner.mean(dim=(0, 1))
        centred = (inner - mean).view(pixels, channels) / pixels**0.5
        return mean, centred.T @ centred

    def add_up(out: Tensor, piece: Tensor) -> None:
        out.add_(piece.sum(dim=(0, 1)))

    mean = _summed(add_up, features, shape=(channels,)).div_(pixels)
    inside = slice(features.left, features.left + features.width)

    def centred_rows(piece: Tensor) -> Tensor:
        return (piece[:, inside] - mean).view(-1, channels)

    return mean, _summed_squares(centred_rows, features).div_(pixels)


def squared_distance(features: Features, target: Features) -> Tensor:
    """Return the sum () of the squared differences of two maps that are laid out alike."""
    if not _in_pieces(features):
        return (features.whole - target.whole).square_().sum()

    def add_up(out: Tensor, piece: Tensor, other: Tensor) -> None:
        out.add_((piece - other).square_().sum())

    return _summed(add_up, features, target, shape=())


def distances(features: Features, target: Features) -> tuple[Tensor, Tensor]:
    """Return the sums () of the absolute differences of two such maps, and of the squared ones."""
    if not _in_pieces(features):
        difference = features.whole - target.whole
        return difference.abs().sum(), difference.square_().sum()

    def add_up(out: Tensor, piece: Tensor, other: Tensor) -> None:
        difference = piece - other
        out[0].add_(difference.abs().sum())
        out[1].add_(difference.square_().sum())

    absolute, squared = _summed(add_up, features, target, shape=(2,))
    return absolute, squared


def add_product(into: Tensor, features: Tensor, matrix: Tensor) -> None:
    """Add F M to ``into`` (rows, columns, C) in place, of F like it and ``matrix`` M (C, C)."""
    channels = into.shape[-1]
    if into.is_contiguous() and features.is_contiguous():
        into.view(-1, channels).addmm_(features.view(-1, channels), matrix)
    else:
        into.baddbmm_(features, matrix.expand(len(into), channels, channels))


def _summed_squares(rows_of: Callable[[Tensor], Tensor], features: Features) -> Tensor:
    """Return the sum (C, C) of F^T F over pieces, with F what ``rows_of`` makes of one's lines.

    It is symmetric: a quarter of it is copied.
    """
    channels = features.channels
    half = channels // 2

    def multiply(out: Tensor, piece: Tensor) -> None:
        f = rows_of(piece)
        out[:, :half].addmm_(f.T, f[:, :half])
        out[half:, half:].addmm_(f[:, half:].T, f[:, half:])

    found = _summed(multiply, features, shape=(channels, channels))
    found[:half, half:] = found[half:, :half].T
    return found


def _summed(work: Callable[..., None], *maps: Features, shape: Sequence[int]) -> Tensor:
    """Let the workers add up, by ``work(sum, lines, ...)``, what some lines of maps contribute."""
    one, least = maps[0], workers().count
    # Equal pieces, as many for one worker as for the other; sums that take no more than the maps.
    wanted = -(-_values(one) // _PIECE)
    split = min(one.height, least * -(-wanted // least))
    ends = [one.height * number // split for number in range(split + 1)]
    pieces = list(pairwise(ends))
    count = min(split, _SUMS * least, max(least, _values(one) // prod(shape)))
    sums = torch.zeros(count, *shape, dtype=one.dtype, device=one.device)

    def add_up(worker: int, number: int) -> None:
        for top, end in pieces[number::count]:
            work(sums[number], *(each.lines(top, end - top, worker) for each in maps))

    # Always the same pieces in the same order, whichever worker is first: the same bits.
    workers().each(range(count), add_up)
    return sums.sum(dim=0)


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
