"""The style's colours laid over a result, as ``--colors oklab`` wants it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import PIL.Image

from nst_core import images
from nst_core.arrays import Image
from nst_core.images.chroma_transfer import in_style_colours
from nst_core.images.oklab import from_oklab, to_oklab
from nst_core.images.weighted_colours import WeightedColours
from nst_core.problem.colour_distributions import content_shares, style_distributions
from nst_core.problem.masks import Mask
from nst_core.problem.styles import StylePicture
from nst_core.problem.visibility import visible


class OklabColours:
    """Gives images the content's colours, moved to those of the styles.

    See ``nst_core.images.chroma_transfer``. Several styles count by their weights; with a mask each
    region gets the colours of its own styles.

    Args:
        content: The content picture.
        styles: The style pictures.
        mask: The content's label picture, or None.
        alpha: The alpha, mode ``L``, by which the content's pixels count; None if all count alike.
    """

    def __init__(
        self,
        content: PIL.Image.Image,
        styles: Sequence[StylePicture],
        mask: Mask | None,
        *,
        alpha: PIL.Image.Image | None = None,
    ) -> None:
        self._content = content
        self._styles = styles
        self._mask = mask
        self._alpha = alpha

    def __call__(self, image: Image) -> Image:
        """Return an image (H, W, 3) in these colours: float32 in [0, 1]."""
        height, width, _ = image.shape
        content = images.resize_picture(self._content, height=height, width=width)
        painted, original = to_oklab(image.astype(np.float32)), to_oklab(content)
        result = np.zeros_like(painted)
        seen = visible(self._alpha, size=(height, width))
        shares = content_shares(self._mask, (height, width))
        for share, style in zip(shares, self._distributions, strict=True):
            counting = share if seen is None else share * seen
            region = painted  # if nothing of the region counts
            if counting.any() and style is not None:
                region = in_style_colours(painted, original, share=counting, style=style)
            result += share[..., None] * region
        return np.asarray(from_oklab(result), np.float32)

    @cached_property
    def _distributions(self) -> list[WeightedColours | None]:
        count = 1 if self._mask is None else self._mask.labels.count
        found = style_distributions(self._styles, self._mask, count=count)
        return [None if one is None else one.converted(to_oklab) for one in found]
