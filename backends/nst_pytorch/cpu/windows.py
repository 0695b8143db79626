"""How an image is split into windows, all of one size, and their cores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import NamedTuple

from nst_core.vgg19 import BY_NAME, layers_until
from nst_pytorch.feature_map import Window

MAX_WINDOW_SIDE = 768
"""The largest side of a window, in pixels. Larger windows take more memory; smaller ones share more
of their pixels with others."""

MAX_GPU_WINDOW_SIDE = 2048
"""The same on a GPU, which small windows would not keep busy."""


class Span(NamedTuple):
    """A window along one axis, in pixels of the image.

    Attributes:
        begin: Where the window begins.
        end: Where it ends.
        core_begin: Where its core begins.
        core_end: Where its core ends.
    """

    begin: int
    end: int
    core_begin: int
    core_end: int

    def core_at(self, poolings: int, *, inside: bool) -> slice:
        """Return the core after some poolings, in the whole map or ``inside`` the window's map."""
        # An odd last pixel belongs to no pooled value.
        start, stop = self.core_begin >> poolings, self.core_end >> poolings
        before = self.begin >> poolings if inside else 0
        return slice(start - before, stop - before)


class ImageWindow(NamedTuple):
    """A window of the image, with a core inside."""

    vertical: Span
    horizontal: Span

    @property
    def pixels(self) -> Window:
        """The rows and columns of the image that lie in the window."""
        return slice(self.vertical.begin, self.vertical.end), slice(
            self.horizontal.begin, self.horizontal.end
        )

    def core_at(self, tap: str, *, inside: bool = False) -> Window:
        """Return the core in a tap's map without padding.

        Args:
            tap: The name of the tap.
            inside: Whether the map is the window's; otherwise it is the whole image's.
        """
        poolings = BY_NAME[tap].poolings
        return (
            self.vertical.core_at(poolings, inside=inside),
            self.horizontal.core_at(poolings, inside=inside),
        )


@dataclass(frozen=True)
class WindowGrid:
    """The windows of an image; a single one if the image is not larger than a window.

    Args:
        size: (H, W) of the image.
        taps: The names of the taps. The deepest determines the receptive radius and the multiples
            at which windows may begin.
        on_cpu: Where the windows are computed.
    """

    size: tuple[int, int]
    taps: Sequence[str]
    on_cpu: bool = True

    @cached_property
    def spans(self) -> tuple[Sequence[Span], Sequence[Span]]:
        """All windows along the vertical axis, and along the horizontal one."""
        step, radius = _step_and_receptive_radius(self.taps)
        largest = MAX_WINDOW_SIDE if self.on_cpu else MAX_GPU_WINDOW_SIDE
        height, width = (
            split_into_spans(length, largest=largest, step=step, receptive_radius=radius)
            for length in self.size
        )
        return height, width

    @property
    def windows(self) -> Sequence[ImageWindow]:
        """All windows, row by row."""
        return [ImageWindow(*pair) for pair in product(*self.spans)]

    @property
    def window_size(self) -> tuple[int, int]:
        """(H, W) of every window."""
        height, width = (spans[0].end - spans[0].begin for spans in self.spans)
        return height, width


def _step_and_receptive_radius(taps: Sequence[str]) -> tuple[int, int]:
    """Return the multiples at which windows begin, and how far inside a core must lie.

    A pixel of a map after p poolings is pooled from a square of 2^p pixels. Each convolution there
    reads as many more pixels on each side.
    """
    layers = layers_until(taps)
    step = 2 ** layers[-1].poolings
    radius = sum(2**layer.poolings for layer in layers if layer.kind == "conv")
    return step, -(-radius // step) * step


def split_into_spans(
    length: int, *, largest: int, step: int, receptive_radius: int
) -> Sequence[Span]:
    """Split an axis into as few windows as possible, as short as this number allows.

    Args:
        length: The length of the image.
        largest: The largest length of a window; much longer than twice ``receptive_radius``.
        step: Windows and cores begin at its multiples. The last window ends with the image.
        receptive_radius: How far inside the cores lie, except at the image's own edges; a multiple
            of ``step``.
    """
    if length <= largest:
        return [Span(0, length, 0, length)]
    # As long as the image minus whole steps, so that the last window begins at a multiple.
    sizes = range(length % step, largest + 1, step)
    strides = {
        size: (size - 2 * receptive_radius) // step
        for size in sizes
        if size >= 2 * receptive_radius + step
    }
    counts = {size: -(-(length - size) // (step * stride)) for size, stride in strides.items()}
    fewest = min(counts.values())
    size = min(size for size, count in counts.items() if count == fewest)
    units = (length - size) // step
    begins = [step * (units * number // fewest) for number in range(fewest + 1)]
    cuts = [0, *(begin + receptive_radius for begin in begins[1:]), length]
    return [
        Span(begin, begin + size, first, last)
        for begin, (first, last) in zip(begins, pairwise(cuts), strict=True)
    ]
