"""A large image computed window by window, by a network for images of the window's size.

Each window has a core, so far inside that nothing beyond the window influences the features there:
they equal the whole image's. The cores are a partition of the image.

A first pass adds the terms' partial sums over all cores. Then each term computes its loss from the
sums. A second pass goes back through each window, from the gradient that the terms add in its core.
The gradient of the image is the sum of the windows' gradients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

from nst_pytorch.cpu.network import WinogradNetwork
from nst_pytorch.cpu.windows import ImageWindow, WindowGrid
from nst_pytorch.feature_map import FeatureMap, Features, Window
from nst_pytorch.joint_loss import JointLoss, JointSums, MapLayout
from nst_pytorch.lazy_features import CroppedFeatures
from nst_pytorch.loss_network import FeatureCallback, NetworkEvaluation, map_shape
from nst_pytorch.loss_terms import GradientAdder, Kind, LossAndGradient, LossTerm, SeparableLoss
from nst_pytorch.network import Network


class WindowedNetwork:
    """VGG-19 cut after the deepest of some taps, for images of one size, larger than a window.

    Args:
        network: Computes one window.
        grid: The windows.
    """

    def __init__(self, network: Network | WinogradNetwork, grid: WindowGrid) -> None:
        self._network = network
        self._grid = grid

    def accepts(self, size: tuple[int, int]) -> bool:
        """Return whether it can compute images of ``size`` (H, W): the grid's size only."""
        return size == self._grid.size

    def threads(self) -> AbstractContextManager[None]:
        """Return the context that the network of a window needs."""
        return self._network.threads()

    @torch.no_grad()
    def forward(self, x: Tensor, on_features: FeatureCallback) -> None:
        """Call ``on_features`` with each tap's features of ``x`` (1, 3, H, W), core by core."""
        for window in self._grid.windows:

            def on_window(
                tap: str, features: Features, _: Window, window: ImageWindow = window
            ) -> None:
                core = CroppedFeatures(features, *window.core_at(tap, inside=True))
                on_features(tap, core, window.core_at(tap))

            self._network.forward(_crop(x, window), on_window)

    @torch.no_grad()
    def evaluate(
        self,
        x: Tensor,
        terms: Mapping[str, Sequence[SeparableLoss]],
        joint: Sequence[JointLoss] = (),
    ) -> NetworkEvaluation:
        """Return the losses at ``x`` (1, 3, H, W), and their gradient: see ``LossNetwork``."""
        sums = JointSums(joint)
        finished = self._finish_terms(x, terms, sums)
        layouts = {tap: MapLayout.of(_layout(tap, x)) for loss in joint for tap in loss.taps}
        losses, parts = sums.finish(layouts)
        adders: list[tuple[LossTerm, GradientAdder]] = [
            *((term, one.add_gradient) for term, one in finished.items()),
            *((part, part.add_gradient) for those in parts.values() for part in those),
        ]
        gradient = torch.zeros_like(x, memory_format=torch.channels_last)
        for window in self._grid.windows:
            core_terms: dict[str, list[_CoreLoss]] = {}
            for term, add_gradient in adders:
                core_loss = _CoreLoss(term, add_gradient, window)
                core_terms.setdefault(term.tap, []).append(core_loss)
            found = self._network.evaluate(_crop(x, window), core_terms)
            # The order is always the same, so the bits repeat.
            _crop(gradient, window).add_(found.gradient)
        losses += [(term, one.loss) for term, one in finished.items()]
        return NetworkEvaluation(losses, gradient)

    def _finish_terms(
        self, x: Tensor, terms: Mapping[str, Sequence[SeparableLoss]], joint: JointSums
    ) -> dict[SeparableLoss, LossAndGradient]:
        sums: dict[SeparableLoss, Sequence[Any]] = {}

        def on_features(tap: str, part: Features, window: Window) -> None:
            joint.add(tap, part, window)
            for term in terms.get(tap, ()):
                found = term.partial_sums(part, window)
                before = sums.get(term)
                if before is not None:
                    found = [old + new for old, new in zip(before, found, strict=True)]
                sums[term] = found

        self.forward(x, on_features)
        return {term: term.finish(found, _layout(term.tap, x)) for term, found in sums.items()}


class _CoreLoss:
    """Adds the gradient of a finished loss, in a window's core only: ``LossTerm``.

    Args:
        term: The loss term, which has seen the whole.
        add_gradient: What it adds, in windows of the whole map.
        window: The window.
    """

    def __init__(self, term: LossTerm, add_gradient: GradientAdder, window: ImageWindow) -> None:
        self.kind: Kind = term.kind
        self.tap = term.tap
        self._add_gradient = add_gradient
        self._inside = window.core_at(term.tap, inside=True)
        self._core = window.core_at(term.tap)

    def __call__(self, features: Features) -> LossAndGradient:
        """Return a loss of 0, since the real loss is computed once for all windows."""
        # The padding is as wide above as on the left.
        inside = [_shifted(axis, features.pad_left) for axis in self._inside]
        shift = [core.start - axis.start for core, axis in zip(self._core, inside, strict=True)]

        def add_gradient(gradient: Tensor, part: Tensor, window: Window) -> None:
            cut, where = [], []
            for axis, core, by, length in zip(
                window, inside, shift, features.padded_size, strict=True
            ):
                start, stop, _ = axis.indices(length)
                begin, end = max(start, core.start), min(stop, core.stop)
                if begin >= end:
                    return
                cut.append(slice(begin - start, end - start))
                where.append(slice(begin + by, end + by))
            rows, columns = cut
            self._add_gradient(gradient[rows, columns], part[rows, columns], (where[0], where[1]))

        zero = torch.zeros((), dtype=features.dtype, device=features.device)
        return LossAndGradient(zero, add_gradient)


def _layout(tap: str, like: Tensor) -> FeatureMap:
    """Return a map of a tap's shape, without padding, that takes no memory."""
    return FeatureMap.unpadded(like.new_empty(1).expand(*map_shape(tap, like)))


def _crop(x: Tensor, window: ImageWindow) -> Tensor:
    """Return a view of what of an image (1, 3, H, W) lies in a window."""
    rows, columns = window.pixels
    return x[:, :, rows, columns]


def _shifted(axis: slice, by: int) -> slice:
    return slice(axis.start + by, axis.stop + by)
