"""Products and sums of feature maps, in pieces that the workers share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nst_pytorch.maps import FeatureMap
from nst_pytorch.workers import workers

_PIECE = 1 << 17
"""Values in a piece, which is to be in a core's cache."""
_SUMS = 4
"""Sums for each worker: some, for the cores to share, and few, for they take up memory."""


def gram(features: FeatureMap) -> Tensor:
    """Return F^T F / (C*H*W), (C, C), of features F (H*W, C)."""
    rows, channels = features.rows, features.channels
    scale = 1 / (channels * features.pixels)
    if not _in_pieces(rows):
        return (rows.T @ rows).mul_(scale)

    def multiply(out: Tensor, piece: Tensor) -> None:
        out.addmm_(piece.T, piece)

    return _summed(multiply, rows, shape=(channels, channels)).mul_(scale)


def mean_and_covariance(features: FeatureMap) -> tuple[Tensor, Tensor]:
    """Return the mean (C,) and covariance (C, C) of the pixels of features."""
    inner, channels, pixels = features.inner, features.channels, features.pixels
    # The mean is taken off the features, not off their second moment, where it may be so large
    # that float32 loses the small directions.
    if not _in_pieces(features.rows):
        mean = inner.mean(dim=(0, 1))
        centred = (inner - mean).view(pixels, channels) / pixels**0.5
        return mean, centred.T @ centred

    def add_up(out: Tensor, piece: Tensor) -> None:
        out.add_(piece.sum(dim=(0, 1)))

    mean = _summed(add_up, inner, shape=(channels,)).div_(pixels)

    def multiply(out: Tensor, piece: Tensor) -> None:
        centred = (piece - mean).view(-1, channels)
        out.addmm_(centred.T, centred)

    return mean, _summed(multiply, inner, shape=(channels, channels)).div_(pixels)


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


def _summed(work: Callable[..., None], *rows: Tensor, shape: Sequence[int]) -> Tensor:
    """Let the workers add up, by ``work(sum, piece, ...)``, what some of the rows contribute."""
    length = max(1, _PIECE // rows[0][0].numel())
    pieces = list(zip(*(torch.split(one, length) for one in rows), strict=True))
    count = min(len(pieces), _SUMS * workers().count)
    sums = rows[0].new_zeros(count, *shape)

    def add_up(_: int, number: int) -> None:
        for piece in pieces[number::count]:
            work(sums[number], *piece)

    # Always the same pieces in the same order, whichever worker is first: the same bits.
    workers().each(range(count), add_up)
    return sums.sum(dim=0)


def _in_pieces(rows: Tensor) -> bool:
    return rows.device.type == "cpu" and rows.numel() > 2 * _PIECE
