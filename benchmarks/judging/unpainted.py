"""Where a picture is still the photograph that it was made from."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from judging.losses import directions_of

TAPS = ("relu2_1", "relu3_1")
"""Where strokes are seen. Deeper features see objects, which a good picture keeps."""


def unpainted(
    painted: torch.Tensor, content: torch.Tensor, style: torch.Tensor
) -> NDArray[np.bool_]:
    """Return (H, W): where the features are nearer to the content's than to any of the style.

    The distance is that of cosines. The content's features are those of the same position.

    Args:
        painted: (C, H, W).
        content: (C, H, W).
        style: (C, h, w).
    """
    height, width = painted.shape[1:]
    own, photograph, strokes = (
        directions_of(one.reshape(one.shape[0], -1)) for one in (painted, content, style)
    )
    to_content = (own * photograph).sum(dim=0)
    to_style = (own.T @ strokes).max(dim=1).values
    return np.asarray((to_content > to_style).reshape(height, width).numpy())


def largest_region(marked: NDArray[np.bool_]) -> float:
    """Return the share of a map (H, W) that its largest marked region has.

    A region hangs together by positions that share a side.
    """
    labels = np.where(marked, 1 + np.arange(marked.size).reshape(marked.shape), 0)
    while True:
        spread = labels.copy()
        for axis in (0, 1):
            ahead = np.maximum.accumulate(_joined(spread, axis), axis=axis)
            spread = np.where(marked, ahead % (marked.size + 1), 0)
            flipped = np.flip(spread, axis)
            back = np.maximum.accumulate(_joined(flipped, axis), axis=axis)
            spread = np.where(marked, np.flip(back % (marked.size + 1), axis), 0)
        if (spread == labels).all():
            break
        labels = spread
    counts = np.bincount(labels[marked].ravel(), minlength=1)
    return float(counts.max() / marked.size) if marked.any() else 0.0


def _joined(labels: NDArray[np.int_], axis: int) -> NDArray[np.int_]:
    """Return labels, larger after each gap along an axis, so that a maximum doesn't cross it."""
    gaps = np.cumsum(labels == 0, axis=axis)
    return np.asarray(labels + gaps * (labels.size + 1))
