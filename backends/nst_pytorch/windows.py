"""A picture that is computed window by window, by a network that only ever sees a window.

Each window has a core, so far inside that what lies beyond the window has no part in the features
there: these are the whole picture's. The cores part the picture, and so does what is compared: what
the heads need is added up over all cores in a first pass; then each head judges the whole, and a
second pass goes back through each window from what the heads add in its core. The gradient of the
image is the sum of the windows' gradients.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from nst_core.vgg19 import feature_shape
from nst_pytorch.crop import Crop
from nst_pytorch.heads import Addition, Head, Judged, Kind, Measuring
from nst_pytorch.maps import EVERYWHERE, FeatureMap, Features, Place
from nst_pytorch.network import Evaluated, Network, Visit
from nst_pytorch.strips import Strips
from nst_pytorch.tiling import Tiling, Window


class Windows:
    """VGG-19 cut after the deepest of some taps, for images of one size, larger than a window.

    Args:
        network: Computes a window.
        tiling: Where the windows lie.
    """

    def __init__(self, network: Network | Strips, tiling: Tiling) -> None:
        self._network = network
        self._tiling = tiling

    @torch.no_grad()
    def visit(self, x: Tensor, see: Visit) -> None:
        """Show ``see`` each tap's features of ``x`` (1, 3, H, W) part by part, not to be kept."""
        for window in self._tiling.windows:

            def see_core(tap: str, features: Features, _: Place, window: Window = window) -> None:
                core = window.core_at(tap, inside=True)
                see(tap, Crop(features, *core), window.core_at(tap))

            self._network.visit(_seen(x, window), see_core)

    @torch.no_grad()
    def evaluate(self, x: Tensor, heads: Mapping[str, Sequence[Measuring]]) -> Evaluated:
        """Return the losses that ``heads``, by tap, find in ``x`` (1, 3, H, W), and a gradient."""
        judged = self._judged(x, heads)
        gradient = torch.zeros_like(x, memory_format=torch.channels_last)
        for window in self._tiling.windows:
            adding = {
                tap: [_InCore(head, judged[head].add, window) for head in those]
                for tap, those in heads.items()
            }
            found = self._network.evaluate(_seen(x, window), adding)
            # In this order always, for the same bits.
            _seen(gradient, window).add_(found.gradient)
        return Evaluated([(head, one.loss) for head, one in judged.items()], gradient)

    def _judged(
        self, x: Tensor, heads: Mapping[str, Sequence[Measuring]]
    ) -> dict[Measuring, Judged]:
        sums: dict[Measuring, Sequence[Any]] = {}

        def see(tap: str, part: Features, place: Place) -> None:
            for head in heads.get(tap, ()):
                found = head.measure(part, place)
                before = sums.get(head)
                if before is not None:
                    found = [old + new for old, new in zip(before, found, strict=True)]
                sums[head] = found

        self.visit(x, see)
        return {head: head.judge(found, self._layout(head.tap, x)) for head, found in sums.items()}

    def _layout(self, tap: str, like: Tensor) -> FeatureMap:
        """Return a map of a tap's shape, without a border, that takes no memory."""
        shape = _shape(tap, like)
        return FeatureMap(like.new_empty(1).expand(*shape), 0, 0, *shape[:2])


class _InCore(Head):
    """Adds in a window's core alone what a head adds that has judged the whole.

    Args:
        head: Which.
        add: What it adds, in places of the whole map.
        window: The window.
    """

    def __init__(self, head: Measuring, add: Addition, window: Window) -> None:
        self.kind: Kind = head.kind
        self.tap = head.tap
        self._add = add
        self._inside = window.core_at(head.tap, inside=True)
        self._core = window.core_at(head.tap)

    def __call__(self, features: Features) -> Judged:
        """See ``Head``; the loss is judged elsewhere, and is 0 here."""
        # The border is as wide on all sides.
        inside = [_moved(axis, features.left) for axis in self._inside]
        shift = [core.start - axis.start for core, axis in zip(self._core, inside, strict=True)]

        def add(gradient: Tensor, part: Tensor, place: Place) -> None:
            cut, where = [], []
            for axis, core, by, length in zip(
                place, inside, shift, features.whole_size, strict=True
            ):
                start, stop, _ = axis.indices(length)
                begin, end = max(start, core.start), min(stop, core.stop)
                if begin >= end:
                    return
                cut.append(slice(begin - start, end - start))
                where.append(slice(begin + by, end + by))
            rows, columns = cut
            self._add(gradient[rows, columns], part[rows, columns], (where[0], where[1]))

        return Judged(torch.zeros((), dtype=features.dtype, device=features.device), add)


def whole_maps(
    network: Network | Strips | Windows, x: Tensor, taps: Container[str]
) -> dict[str, FeatureMap]:
    """Return tap -> a copy of all its features of ``x`` (1, 3, H, W), laid out as places are."""
    found: dict[str, FeatureMap] = {}

    def see(tap: str, part: Features, place: Place) -> None:
        if tap not in taps:
            return
        if place == EVERYWHERE:
            found[tap] = part.copy()
            return
        if tap not in found:
            shape = _shape(tap, x)
            whole = torch.empty(*shape, dtype=part.dtype, device=part.device)
            found[tap] = FeatureMap(whole, 0, 0, *shape[:2])
        found[tap].whole[place].copy_(part.whole)

    network.visit(x, see)
    return found


def _shape(tap: str, x: Tensor) -> tuple[int, int, int]:
    """Return the shape (H', W', C) of a tap's features of ``x`` (1, 3, H, W)."""
    channels, height, width = feature_shape(tap, height=x.shape[2], width=x.shape[3])
    return height, width, channels


def _seen(x: Tensor, window: Window) -> Tensor:
    """Return what of an image (1, 3, H, W) lies in a window, a view."""
    rows, columns = window.place
    return x[:, :, rows, columns]


def _moved(axis: slice, by: int) -> slice:
    return slice(axis.start + by, axis.stop + by)
