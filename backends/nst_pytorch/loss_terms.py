"""The interface between networks and losses.

A loss term returns its loss and a function that adds its gradient to one part of the feature
gradient. Windowed networks call that function once per part. The networks know nothing else of
losses. A network that never stores the whole features gives them to the term part by part
(``SeparableLoss``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from torch import Tensor

from nst_pytorch.feature_map import ALL, Features, Window

Kind = Literal["content", "style", "part"]
"""A part is the gradient of a joint loss at one tap: see ``joint_loss``."""

GradientAdder = Callable[[Tensor, Tensor, Window], None]
"""Adds d(total)/d(features) to the gradient of a part of the features, in place.

Its arguments are the gradient (rows, columns, C), the features of the same part, and the window of
the whole map that the part lies in."""


class LossAndGradient(NamedTuple):
    """A term's weighted loss (), and the function that adds its gradient."""

    loss: Tensor
    add_gradient: GradientAdder


class ReportedLoss(Protocol):
    """What a loss is reported as.

    Attributes:
        kind: Whether it counts as a content or a style loss.
        tap: The tap whose features it compares; or the name of a joint loss.
    """

    kind: Kind
    tap: str


class LossTerm(ReportedLoss, Protocol):
    """One loss at one tap."""

    def __call__(self, features: Features) -> LossAndGradient:
        """Return the loss of features, which are not changed."""
        ...


class SeparableLoss(ABC):
    """A loss term that can also take the features in parts; each pixel lies in exactly one part.

    Attributes:
        kind: See ``LossTerm``.
        tap: See ``LossTerm``.
    """

    kind: Kind
    tap: str

    def __call__(self, features: Features) -> LossAndGradient:
        """Return the loss of features, which are not changed."""
        return self.finish(self.partial_sums(features, ALL), features)

    @abstractmethod
    def partial_sums(self, part: Features, window: Window) -> Sequence[Any]:
        """Return sums over the pixels of a part; those of all parts are added one by one by ``+``.

        Args:
            part: A part of the features.
            window: The window of the whole map that it lies in. The whole map has the padding of
                the map that it is compared with.
        """

    @abstractmethod
    def finish(self, sums: Sequence[Any], layout: Features) -> LossAndGradient:
        """Return the loss of the whole from its sums.

        Args:
            sums: The sums of all parts, added.
            layout: A map with the padding of the maps that ``add_gradient`` is called for; the
                windows that ``add_gradient`` gets count this padding too. Only the shape of
                ``layout`` is used.
        """


TermLosses = list[tuple[ReportedLoss, Tensor]]
"""Losses, each with its weighted value ()."""


class TapGradients(NamedTuple):
    """The functions that add gradients at a layer's taps, by where the gradient is taken.

    Attributes:
        conv: With respect to the convolution's output, before the ReLU.
        relu: With respect to the ReLU's output.
    """

    conv: list[GradientAdder]
    relu: list[GradientAdder]


def evaluate_terms(
    taps: Iterable[tuple[str, Features]], terms: Mapping[str, Sequence[LossTerm]]
) -> tuple[TermLosses, TapGradients]:
    """Return the losses of ``terms`` (by tap) at a layer's taps, and what adds their gradients."""
    losses: TermLosses = []
    gradients = TapGradients([], [])
    for tap, features in taps:
        adders = gradients.conv if tap.startswith("conv") else gradients.relu
        for term in terms.get(tap, ()):
            loss, add_gradient = term(features)
            losses.append((term, loss))
            adders.append(add_gradient)
    return losses, gradients
