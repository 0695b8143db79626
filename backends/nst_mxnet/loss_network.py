"""``LossNetwork``: the methods of a network that a session calls.

"Loss network" is the term of Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style
Transfer" (2016): a fixed, pretrained network in which the losses are defined.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from nst_core.vgg19 import feature_shape
from nst_mxnet._framework import Tensor
from nst_mxnet.joint_loss import JointLoss
from nst_mxnet.loss_terms import LossTerm, TermLosses
from nst_mxnet.row_strips import place_rows

FeatureCallback = Callable[[str, Tensor, slice], None]
"""Receives a tap, some rows of its features (1, C, rows, W), and which rows these are.

It must not keep the features: with them the whole array would be kept that they are part of."""


class NetworkEvaluation(NamedTuple):
    """The result of one forward and backward pass.

    Attributes:
        losses: Every loss with its weighted value.
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
        terms: Mapping[str, Sequence[LossTerm]],
        joint: Sequence[JointLoss] = (),
    ) -> NetworkEvaluation:
        """Return the losses at ``x`` (1, 3, H, W), and their gradient.

        Args:
            x: The normalised image.
            terms: Tap -> loss terms.
            joint: Losses of several taps.
        """
        ...

    def threads(self) -> AbstractContextManager[None]:
        """Return a context in which a whole step is to be computed.

        It gives MXNet's operations as many threads as suit this network.
        """
        ...


def collect_features(network: LossNetwork, x: Tensor, taps: Container[str]) -> dict[str, Tensor]:
    """Return tap -> a copy of all its features (1, C, H, W) of ``x`` (1, 3, H, W)."""
    _, _, height, width = x.shape
    found: dict[str, Tensor] = {}

    def on_features(tap: str, features: Tensor, rows: slice) -> None:
        if tap not in taps:
            return
        if tap not in found:
            shape = (1, *feature_shape(tap, height=height, width=width))
            found[tap] = place_rows(None, rows, shape=shape, like=features)
        found[tap][:, :, rows] = features

    network.forward(x, on_features)
    return found
