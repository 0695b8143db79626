"""Products and sums of feature maps, in pieces that the workers share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import torch
from torch import Tensor

from nst_pytorch.maps import FeatureMap
from nst_pytorch.workers import workers

_PIECE = 1 << 17
"""Values in a piece, which is to be in a core's cache."""
_EACH = 64
"""Products for each value from which on two pieces pay: a Gram matrix of 64 channels."""
_SUMS = 4
"""Sums for each worker: some, for the cores to share, and few, for they take up memory."""


def gram(features: FeatureMap) -> Tensor:
    """Return F^T F / (C*H*W), (C, C), of features F (H*W, C)."""
    rows, channels = features.rows, features.channels
    scale = 1 / (channels * features.pixels)
    if not _in_pieces(rows, each=channels):
        return (rows.T @ rows).mul_(scale)
    return _summed_squares(lambda piece: piece, rows).mul_(scale)


def mean_and_covariance(features: FeatureMap) -> tuple[Tensor, Tensor]:
    """Return the mean (C,) and covariance (C, C) of the pixels of features."""
    inner, channels, pixels = features.inner, features.channels, features.pixels
    # The mean is taken off the features, not off their second moment, where it may be so large
    # that float32 loses the small directions.
    if not _in_pieces(features.rows, each=channels):
        mean = inner.mean(dim=(0, 1))
        centred = (inner - mean).view(pixels, channels) / pixels**0.5
        return mean, centred.T @ centred

    def add_up(out: Tensor, piece: Tensor) -> None:
        out.add_(piece.sum(dim=(0, 1)))

    mean = _summed(add_up, inner, shape=(channels,)).div_(pixels)

    def centred_rows(piece: Tensor) -> Tensor:
        return (piece - mean).view(-1, channels)

    return mean, _summed_squares(centred_rows, inner).div_(pixels)


def squared_distance(features: FeatureMap, target: FeatureMap) -> Tensor:
    """Return the sum () of the squared differences of two maps that are laid out alike."""
    rows, others = features.rows, target.rows
    if not _in_pieces(rows):
        return (rows - others).square_().sum()

    def add_up(out: Tensor, piece: Tensor, other: Tensor) -> None:
        out.add_((piece - other).square_().sum())

    return _summed(add_up, rows, others, shape=())


def add_product(into: Tensor, features: Tensor, matrix: Tensor) -> None:
    """Add F M to ``into`` (rows, columns, C) in place, of F like it and ``matrix`` M (C, C)."""
    channels = into.shape[-1]
    if into.is_contiguous() and features.is_contiguous():
        into.view(-1, channels).addmm_(features.view(-1, channels), matrix)
    else:
        into.baddbmm_(features, matrix.expand(len(into), channels, channels))


def _summed_squares(rows_of: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """Return the sum (C, C) of F^T F over pieces of ``rows``, with F what ``rows_of`` makes of one.

    It is symmetric: a quarter of it is copied.
    """
    channels = rows.shape[-1]
    half = channels // 2

    def multiply(out: Tensor, piece: Tensor) -> None:
        f = rows_of(piece)
        out[:, :half].addmm_(f.T, f[:, :half])
        out[half:, half:].addmm_(f[:, half:].T, f[:, half:])

    found = _summed(multiply, rows, shape=(channels, channels))
    found[:half, half:] = found[half:, :half].T
    return found


def _summed(work: Callable[..., None], *rows: Tensor, shape: Sequence[int]) -> Tensor:
    """Let the workers add up, by ``work(sum, piece, ...)``, what some of the rows contribute."""
    least, size = workers().count, prod(shape)
    # Equal pieces, as many for one worker as for the other; sums that take no more than the rows.
    wanted = -(-rows[0].numel() // _PIECE)
    split = min(len(rows[0]), least * -(-wanted // least))
    pieces = list(zip(*(torch.tensor_split(one, split) for one in rows), strict=True))
    count = min(len(pieces), _SUMS * least, max(least, rows[0].numel() // size))
    sums = rows[0].new_zeros(count, *shape)

    def add_up(_: int, number: int) -> None:
        for piece in pieces[number::count]:
            work(sums[number], *piece)

    # Always the same pieces in the same order, whichever worker is first: the same bits.
    workers().each(range(count), add_up)
    return sums.sum(dim=0)


def _in_pieces(rows: Tensor, *, each: int = _EACH) -> bool:
    """Return whether it pays that the workers share ``rows``, with so many products for a value."""
    if rows.device.type != "cpu":
        return False
    # What is smaller PyTorch's own threads share, where there are any.
    alone = torch.get_num_threads() == 1
    return rows.numel() > (2 * _PIECE * _EACH // max(each, _EACH) if alone else 2 * _PIECE)
