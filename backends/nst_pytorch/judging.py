"""What the heads find at the taps of a layer, and what they add to its gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

from nst_pytorch.heads import Addition, Head
from nst_pytorch.maps import Features

Losses = list[tuple[Head, Tensor]]
Convolve = Callable[[Sequence[Tensor]], None]
"""Writes what a convolution puts out in a block, in four views: see ``winograd.convolve``."""


class Additions(NamedTuple):
    """What the heads at a stage's taps add to the gradient, before the ReLU and after it."""

    conv: list[Addition]
    relu: list[Addition]


def judge(
    taps: Iterable[tuple[str, Features]], heads: Mapping[str, Sequence[Head]]
) -> tuple[Losses, Additions]:
    """Return what the heads, by tap, find in a stage's taps, and what they will add."""
    losses: Losses = []
    additions = Additions([], [])
    for name, features in taps:
        to = additions.conv if name.startswith("conv") else additions.relu
        for head in heads.get(name, ()):
            loss, add = head(features)
            losses.append((head, loss))
            to.append(add)
    return losses, additions
