"""How a picture is cut into windows, all of one size, and their cores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import NamedTuple

from nst_core.vgg19 import BY_NAME, layers_until
from nst_pytorch.maps import Place

LARGEST = 768
"""Pixels along a window's side, at most: larger ones take more memory, smaller ones share more of
their pixels with others."""


class Span(NamedTuple):
    """A window along one axis, in pixels of the picture.

    Attributes:
        begin: Where the window begins.
        end: Where it ends.
        first: Where its core begins.
        last: Where that ends.
    """

    begin: int
    end: int
    first: int
    last: int

    def core_at(self, poolings: int, *, inside: bool) -> slice:
        """Return the core after some poolings, in the whole map or ``inside`` the window's."""
        # An odd last pixel is in no pooled value.
        start, stop = self.first >> poolings, self.last >> poolings
        before = self.begin >> poolings if inside else 0
        return slice(start - before, stop - before)


class Window(NamedTuple):
    """A window of a picture."""

    vertical: Span
    horizontal: Span

    @property
    def place(self) -> Place:
        """Where it lies in the picture."""
        return slice(self.vertical.begin, self.vertical.end), slice(
            self.horizontal.begin, self.horizontal.end
        )

    def core_at(self, tap: str, *, inside: bool = False) -> Place:
        """Return where the core lies in a tap's map, in the picture's or ``inside`` the window's.

        Maps without a border are meant.
        """
        poolings = BY_NAME[tap].poolings
        return (
            self.vertical.core_at(poolings, inside=inside),
            self.horizontal.core_at(poolings, inside=inside),
        )


@dataclass(frozen=True)
class Tiling:
    """The windows of a picture; a single one, if it isn't larger than that.

    Args:
        size: (H, W) of the picture.
        taps: The deepest says how far a pixel of the features sees, and what the poolings ask for.
    """

    size: tuple[int, int]
    taps: Sequence[str]

    @cached_property
    def spans(self) -> tuple[Sequence[Span], Sequence[Span]]:
        """All windows along the vertical axis, and along the horizontal one."""
        step, reach = _step_and_reach(self.taps)
        height, width = (
            spans_of(length, largest=LARGEST, step=step, reach=reach) for length in self.size
        )
        return height, width

    @property
    def windows(self) -> Sequence[Window]:
        """All of them, row by row."""
        return [Window(*pair) for pair in product(*self.spans)]

    @property
    def window_size(self) -> tuple[int, int]:
        """(H, W) of every window."""
        height, width = (spans[0].end - spans[0].begin for spans in self.spans)
        return height, width


def _step_and_reach(taps: Sequence[str]) -> tuple[int, int]:
    """Return what windows begin at multiples of, and how far a core must lie inside.

    A pixel of a map after p poolings is pooled of a square of 2^p pixels; each convolution there
    sees as many more on each side.
    """
    layers = layers_until(taps)
    step = 2 ** layers[-1].poolings
    reach = sum(2**layer.poolings for layer in layers if layer.kind == "conv")
    return step, -(-reach // step) * step


def spans_of(length: int, *, largest: int, step: int, reach: int) -> Sequence[Span]:
    """Cut an axis into as few windows as it takes, and these no longer than it takes.

    Args:
        length: Of the picture.
        largest: A window's, at most; longer by far than twice ``reach``.
        step: Windows and cores begin at multiples of it. The last window ends with the picture.
        reach: How far cores lie inside, a multiple of ``step``, but for the picture's own edges.
    """
    if length <= largest:
        return [Span(0, length, 0, length)]
    # As long as the picture but for whole steps, so that the last window begins at one.
    sizes = range(length % step, largest + 1, step)
    apart = {size: (size - 2 * reach) // step for size in sizes if size >= 2 * reach + step}
    steps = {size: -(-(length - size) // (step * least)) for size, least in apart.items()}
    fewest = min(steps.values())
    size = min(size for size, count in steps.items() if count == fewest)
    units = (length - size) // step
    begins = [step * (units * number // fewest) for number in range(fewest + 1)]
    cuts = [0, *(begin + reach for begin in begins[1:]), length]
    return [
        Span(begin, begin + size, first, last)
        for begin, (first, last) in zip(begins, pairwise(cuts), strict=True)
    ]
