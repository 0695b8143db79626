"""Products of feature maps with matrices, in pieces that the workers share."""

from __future__ import annotations

import torch
from torch import Tensor

from nst_pytorch.maps import FeatureMap
from nst_pytorch.workers import workers

_PIECE = 1 << 17
"""Values in a piece: some, for the cores to share, and each in a core's cache."""


def gram(features: FeatureMap) -> Tensor:
    """Return F^T F / (C*H*W), (C, C), of features F (H*W, C)."""
    rows = features.rows
    scale = 1 / (features.channels * features.pixels)
    if not _in_pieces(rows):
        return (rows.T @ rows).mul_(scale)
    pieces = torch.split(rows, _length(rows))
    # Summed in the order of the pieces, whichever worker was first: two runs give the same bits.
    parts = rows.new_empty(len(pieces), features.channels, features.channels)

    def multiply(_: int, number: int) -> None:
        torch.mm(pieces[number].T, pieces[number], out=parts[number])

    workers().each(range(len(pieces)), multiply)
    return parts.sum(dim=0).mul_(scale)


def add_product(into: FeatureMap, features: FeatureMap, matrix: Tensor) -> None:
    """Add F M to ``into`` (H*W, C) in place, of features F (H*W, C) and ``matrix`` M (C, C)."""
    if not _in_pieces(into.rows):
        into.rows.addmm_(features.rows, matrix)
        return
    length = _length(into.rows)
    pieces = zip(torch.split(into.rows, length), torch.split(features.rows, length), strict=True)

    def multiply(_: int, pair: tuple[Tensor, Tensor]) -> None:
        pair[0].addmm_(pair[1], matrix)

    workers().each(pieces, multiply)


def _in_pieces(rows: Tensor) -> bool:
    return rows.device.type == "cpu" and rows.numel() > 2 * _PIECE


def _length(rows: Tensor) -> int:
    return _PIECE // rows.shape[1]
