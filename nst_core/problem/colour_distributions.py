"""The colours of the styles, for each region that the content has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core.images.weighted_colours import WeightedColours
from nst_core.problem import regions
from nst_core.problem.masks import Mask
from nst_core.problem.styles import StylePicture

_SIDE = 256
"""The longest side at which colours are counted; larger pictures have the same colours."""


def small_size(height: int, width: int) -> tuple[int, int]:
    """Return the (height, width) of a picture that is reduced until its colours can be counted."""
    scale = min(1.0, _SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def content_shares(mask: Mask | None, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return (R, H, W): how much of each pixel belongs to each region; they sum to 1."""
    guides = regions.content_guides(mask, size=size)
    return np.ones((1, *size), np.float32) if guides is None else np.asarray(guides, np.float32)


def style_distributions(
    styles: Sequence[StylePicture], mask: Mask | None, *, count: int
) -> list[WeightedColours | None]:
    """Return the distribution of sRGB colours of each region; None if no style has the region.

    Args:
        styles: The style pictures. Each counts by its weight.
        mask: The content's label picture, or None for one region.
        count: The number of regions.
    """
    pictures = [_sampled(style.picture) for style in styles]
    sizes = [(picture.height, picture.width) for picture in pictures]
    whole = all(style.alpha is None for style in styles)
    guides = regions.style_guides(mask, styles, sizes=sizes, whole=whole)
    parts: list[list[WeightedColours]] = [[] for _ in range(count)]
    for style, picture, guide in zip(styles, pictures, guides, strict=True):
        colours = np.asarray(picture, np.float64).reshape(-1, 3) / 255
        for region, share in enumerate(np.ones((1, len(colours))) if guide is None else guide):
            weights = np.asarray(share, np.float64).reshape(-1)
            if style.weight > 0 and weights.any():
                # A region's share of a style does not depend on how large it is there.
                part = WeightedColours(colours, weights * (style.weight / weights.sum()))
                parts[region].append(part)
    return [WeightedColours.joined(part) if part else None for part in parts]


def _sampled(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return some of the picture's pixels. Not means of them: those have other colours."""
    height, width = small_size(picture.height, picture.width)
    return picture.convert("RGB").resize((width, height), PIL.Image.Resampling.NEAREST)
