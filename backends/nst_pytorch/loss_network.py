"""``LossNetwork``: the methods of a network that a session calls.

``Network``, ``cpu.network.WinogradNetwork`` and ``cpu.windowed.WindowedNetwork`` have them.

"Loss network" is the term of Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style
Transfer" (2016): a fixed, pretrained network in which the losses are defined.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from nst_core.vgg19 import feature_shape
from nst_pytorch.feature_map import ALL, FeatureMap, Features, Window
from nst_pytorch.joint_loss import JointLoss
from nst_pytorch.loss_terms import SeparableLoss, TermLosses

FeatureCallback = Callable[[str, Features, Window], None]
"""Receives a tap, its features or a part of them, and the window of the whole map they lie in.

It must not keep the features: the network may overwrite them."""


class NetworkEvaluation(NamedTuple):
    """The result of one forward and backward pass.

    Attributes:
        losses: Every loss term with its weighted loss ().
        gradient: The gradient of the total loss, (1, 3, H, W).
    """

    losses: TermLosses
    gradient: Tensor


class LossNetwork(Protocol):
    """VGG-19, cut after the deepest tap, for losses of its features."""

    def forward(self, x: Tensor, on_features: FeatureCallback) -> None:
        """Call ``on_features`` with each tap's features of ``x`` (1, 3, H, W), perhaps in parts."""
        ...

    def evaluate(
        self,
        x: Tensor,
        terms: Mapping[str, Sequence[SeparableLoss]],
        joint: Sequence[JointLoss] = (),
    ) -> NetworkEvaluation:
        """Return the losses at ``x`` (1, 3, H, W), and their gradient.

        Args:
            x: The normalised image.
            terms: Tap -> losses of its features.
            joint: Losses of the features at several taps.
        """
        ...

    def threads(self) -> AbstractContextManager[None]:
        """Return a context in which a whole step is to be computed.

        It gives PyTorch's operations as many threads as suit this network.
        """
        ...

    def accepts(self, size: tuple[int, int]) -> bool:
        """Return whether it can compute images of ``size`` (H, W)."""
        ...


def collect_features(
    network: LossNetwork, x: Tensor, taps: Container[str]
) -> dict[str, FeatureMap]:
    """Return tap -> a copy of all its features of ``x`` (1, 3, H, W).

    Each copy has the padding to which the windows given to the loss terms refer.
    """
    found: dict[str, FeatureMap] = {}

    def on_features(tap: str, part: Features, window: Window) -> None:
        if tap not in taps:
            return
        if window == ALL:
            found[tap] = part.copy()
            return
        if tap not in found:
            shape = map_shape(tap, x)
            values = torch.empty(*shape, dtype=part.dtype, device=part.device)
            found[tap] = FeatureMap.unpadded(values)
        found[tap].padded[window].copy_(part.padded)

    network.forward(x, on_features)
    return found


def map_shape(tap: str, x: Tensor) -> tuple[int, int, int]:
    """Return the shape (H', W', C) of a tap's features of ``x`` (1, 3, H, W), without padding."""
    channels, height, width = feature_shape(tap, height=x.shape[2], width=x.shape[3])
    return height, width, channels
