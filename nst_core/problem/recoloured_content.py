"""The content in the colours of the styles, as an image to start from.

A loss that compares deep features hardly sees colours, and a style loss does not reach every place.
So colours of the content that no style has may stay, unless the start has none of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core.arrays import Image
from nst_core.images.colour_transport import transported
from nst_core.images.guided_filter import affine_maps, apply_maps
from nst_core.images.resize import resize_image
from nst_core.images.weighted_colours import WeightedColours
from nst_core.problem.colour_distributions import content_shares, small_size, style_distributions
from nst_core.problem.masks import Mask
from nst_core.problem.styles import StylePicture
from nst_core.problem.visibility import visible

_RADIUS = 8
"""Of the guided filter's windows, in pixels of a picture of ``small_size``."""

_RIDGE = 1e-3


def recoloured_content(
    content: Image,
    styles: Sequence[StylePicture],
    *,
    mask: Mask | None,
    seed: int,
    alpha: PIL.Image.Image | None = None,
) -> Image:
    """Return the content with the distribution of colours of the styles.

    The colours are moved by optimal transport. What that adds in noise and bands, in skies above
    all, is removed by a guided filter, so that the content's own gradients stay.

    Args:
        content: (H, W, 3).
        styles: The style pictures. Each counts by its weight.
        mask: The content's label picture, or None. With it each region gets the colours of its own
            styles.
        seed: The seed of the transport. NumPy's PCG64 draws it.
        alpha: The alpha, mode ``L``, by which the content's pixels count; None if all count alike.

    Returns:
        (H, W, 3) float32 in [0, 1].
    """
    height, width, _ = content.shape
    small = small_size(height, width)
    reduced = np.asarray(resize_image(content, height=small[0], width=small[1]), np.float64)
    shares = content_shares(mask, small)
    seen = visible(alpha, size=small)
    counting = shares if seen is None else shares * seen
    targets = style_distributions(styles, mask, count=len(shares))
    result = np.zeros(content.shape, np.float32)
    for number, full_share in enumerate(content_shares(mask, (height, width))):
        target = targets[number]
        if full_share.any() and counting[number].any() and target is not None:
            maps = _maps(reduced, counting[number], target, seed=seed)
            result += full_share[..., None] * apply_maps(content, maps)
        elif seen is not None:
            result += full_share[..., None] * content  # nothing of the region is visible
    return np.clip(result, 0, 1)


def _maps(
    reduced: NDArray[np.float64],
    share: NDArray[np.float32],
    target: WeightedColours,
    *,
    seed: int,
) -> NDArray[np.float64]:
    """Return the local maps (h, w, 4, 3) from the content's colours to a region's new ones."""
    weights = np.asarray(share, np.float64)
    source = WeightedColours(reduced.reshape(-1, 3), weights.reshape(-1))
    image = transported(source, target, seed=seed).reshape(reduced.shape)
    return affine_maps(reduced, image, weights=weights, radius=_RADIUS, ridge=_RIDGE)
