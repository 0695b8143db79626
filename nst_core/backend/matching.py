"""Nearest-neighbour style losses as data: how targets are sought, and at which image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nst_core.arrays import Image
from nst_core.vgg19 import BY_NAME

MatchingForm = Literal["hypercolumn", "taps"]

HYPERCOLUMN = "hypercolumn"
"""The name of the one style loss of the form ``hypercolumn``."""

NEAREST_PREFIX = "nearest "
"""What the names of the style losses of the form ``taps`` begin with, before the tap."""

FLAT = 1e-5
"""A feature has no direction if the norm of what is compared is at most this share of the feature's
own norm. Without a centre only zero has none; with one, a feature that equals the mean but for
rounding. Its cosine with everything is 0, and its gradient is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """How the features of the image find their targets among those of the styles.

    Attributes:
        form: ``hypercolumn``: the maps of all its taps, resized to one grid, are compared
            together. ``taps``: the map of each tap is compared by itself.
        divisor: The grid of hypercolumns has (H // divisor, W // divisor) positions of a picture of
            (H, W) pixels, at least 1 each.
        centred_search: Whether each set of features is centred on its mean for the search.
        centred_loss: Whether it is for the loss too.
        samples: The most positions of the image along the longer side of a map, at which features
            are compared; 0 for all positions. They lie a whole number of positions apart.
        style_samples: The same for each style picture.
        rotations: Whether each style picture also counts rotated by 90, 180 and 270 degrees.
    """

    form: MatchingForm = "hypercolumn"
    divisor: int = 4
    centred_search: bool = True
    centred_loss: bool = False
    samples: int = 0
    style_samples: int = 0
    rotations: bool = False

    @property
    def pictures_per_style(self) -> int:
        """How many pictures a style counts as: with its rotations four."""
        return 4 if self.rotations else 1


NEAREST = Matching()
"""The defaults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The image whose features look for their targets, and what the sampling depends on.

    Attributes:
        image: (H, W, 3), of the image's size. Core mixes it from the content picture and the image
            that is being optimised.
        seed: Numbers of 0 or more. The offsets of the sampled positions depend on them alone: see
            ``nst_core.backend.positions``.
    """

    image: Image
    seed: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class TapGroup:
    """The taps whose features are compared together, position by position.

    Attributes:
        name: The name of their loss: ``hypercolumn``, or ``nearest `` and the one tap.
        weight: The weight of their loss.
        factors: Tap -> the factor of its map, which decides how much the tap counts in the cosine.
    """

    name: str
    weight: float
    factors: Mapping[str, float]

    @property
    def channels(self) -> int:
        """The channels of all its taps together."""
        return sum(BY_NAME[tap].out_channels for tap in self.factors)
