"""Whose colours a picture has: those of the style or those of the content, in several ways.

``content`` and ``match`` are from Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in
Neural Artistic Style Transfer" (2016), and Gatys et al., "Controlling Perceptual Factors in Neural
Style Transfer" (2017):

- ``style``: nothing is changed. The picture has the style's colours.
- ``content``: only the luminance is painted. Content and style become grey, and the style's grey
  gets the mean and the deviation of the content's. At the end the content's colours are added to
  the result's luminance. The alternative is to paint in colour and to exchange only the colours at
  the end. It looks worse: the luminance then has the grain of coloured strokes that are gone, and
  it follows the style's palette. On the demo pair the lake came out almost black and the sky in
  specks.
- ``match``: before the run an affine map moves the style's colours, so that they have the mean and
  the covariance of the content's.
- ``oklab``: nothing is changed before the run. At the end the result keeps its lightness and gets
  the content's colours, moved to those of the style: see ``nst_core.images.chroma_transfer``.

If the spec names none of these, the picture has the style's colours, unless content and styles are
all grey: then the luminance of the result is the result. The optimisation of a picture of grey in
the style of a grey one yields colours, because the network was trained on coloured photographs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
import PIL.Image
from PIL import ImageChops, ImageStat

from nst_core import images
from nst_core.arrays import Array, Image
from nst_core.images.colour_transfer import luminance, matched, matched_luminance, recoloured
from nst_core.images.cutout import keep_weights
from nst_core.problem.masks import Mask
from nst_core.problem.styles import StylePicture
from nst_core.run.oklab_colours import OklabColours
from nst_core.run.recoloured_observer import Recolour
from nst_core.spec.fields import Colours

_GREY_MODES = ("1", "L", "LA", "La", "I", "F")

_MAX_CHROMA = 8
"""The largest difference, of 255, between two channels of a pixel of a grey picture.

JPEG rounds luminance and chroma, and colour profiles their results, to whole numbers; each of these
changes a channel by up to 2 or 3.
"""

_MAX_CAST = 1.5
"""The largest difference, of 255, between the means of two channels of a grey picture.

A toned photograph (sepia) has more than that everywhere.
"""

BECAUSE_GREY = (
    "content and style are grey, so the result is grey; --colors style lets it have colours"
)
"""The line that says why a result has no colours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colouring:
    """The pictures in the colours that a run works with, and the colours of the result.

    Attributes:
        content: The content picture.
        styles: The style pictures.
        reference: The picture whose colours the result gets; None if it keeps its own.
        moved: Whether those colours are first moved to the style's, as ``oklab`` wants it.
        warnings: ``BECAUSE_GREY``, or nothing.
    """

    content: PIL.Image.Image
    styles: tuple[PIL.Image.Image, ...]
    reference: PIL.Image.Image | None = None
    moved: bool = False
    warnings: tuple[str, ...] = ()

    def recolour(
        self,
        styles: Sequence[StylePicture],
        mask: Mask | None,
        *,
        alpha: PIL.Image.Image | None = None,
    ) -> Recolour | None:
        """Return the function that gives a painted image its colours; None if it keeps its own.

        Args:
            styles: The style pictures, with their weights and masks.
            mask: The content's label picture, or None.
            alpha: The alpha by which the content's pixels count; None if all count alike.
        """
        if self.reference is None:
            return None
        if self.moved:
            return OklabColours(self.reference, styles, mask, alpha=alpha)
        return partial(in_colours_of, self.reference)


def colouring(
    colours: Colours | None,
    *,
    content: PIL.Image.Image,
    styles: Sequence[PIL.Image.Image],
    alphas: Sequence[PIL.Image.Image | None] = (),
) -> Colouring:
    """Decide what the colours of a run are.

    Args:
        colours: Whose colours the result has; None for the style's, or grey if all pictures are.
        content: The content picture.
        styles: The style pictures.
        alphas: The alpha by which the pixels of the content and of each style count; none if all
            count alike.
    """
    if colours is None and all(map(is_grey, (content, *styles))):
        grey, *greys = (
            keep_weights(_picture(_grey(luminance(_values(one)))), of=one)
            for one in (content, *styles)
        )
        return Colouring(
            content=grey, styles=tuple(greys), reference=grey, warnings=(BECAUSE_GREY,)
        )
    painted, prepared = prepared_colours(
        colours or "style", content=content, styles=styles, alphas=alphas
    )
    reference = content if colours in ("content", "oklab") else None
    return Colouring(
        content=painted, styles=prepared, reference=reference, moved=colours == "oklab"
    )


def is_grey(picture: PIL.Image.Image) -> bool:
    """Whether a picture is grey: R, G and B are equal, but for what JPEG and profiles round."""
    if picture.mode in _GREY_MODES or picture.mode.startswith("I;16"):
        return True
    channels = picture.convert("RGB").split()
    pairs = list(combinations(channels, 2))
    if any(np.asarray(ImageChops.difference(*pair)).max() > _MAX_CHROMA for pair in pairs):
        return False
    means = [ImageStat.Stat(channel).mean[0] for channel in channels]
    return max(means) - min(means) <= _MAX_CAST


def prepared_colours(
    colours: Colours,
    *,
    content: PIL.Image.Image,
    styles: Sequence[PIL.Image.Image],
    alphas: Sequence[PIL.Image.Image | None] = (),
) -> tuple[PIL.Image.Image, tuple[PIL.Image.Image, ...]]:
    """Return content and styles in the colours that the run works with.

    Args:
        colours: Whose colours the result has.
        content: The content picture.
        styles: The style pictures. Each one is matched to the content separately.
        alphas: As for ``colouring``. What does not count is moved like the rest.
    """
    if colours in ("style", "oklab"):
        return content, tuple(styles)
    own, *of_styles = map(_weights, alphas or [None] * (1 + len(styles)))
    reference = _values(content)
    grey = luminance(reference)

    def moved(style: PIL.Image.Image, weights: Array | None) -> PIL.Image.Image:
        by = {"style_weights": weights, "content_weights": own}
        if colours == "match":
            found = matched(_values(style), reference, **by)
        else:
            found = _grey(matched_luminance(luminance(_values(style)), grey, **by))
        return keep_weights(_picture(found), of=style)

    painted = keep_weights(_picture(_grey(grey)), of=content) if colours == "content" else content
    return painted, tuple(map(moved, styles, of_styles))


def in_colours_of(content: PIL.Image.Image, image: Image) -> Image:
    """Return an image (H, W, 3) with its own luminance and the content picture's colours."""
    height, width = image.shape[:2]
    return recoloured(image, images.resize_picture(content, height=height, width=width))


def _weights(alpha: PIL.Image.Image | None) -> Array | None:
    return None if alpha is None else np.asarray(alpha, np.float64)


def _values(picture: PIL.Image.Image) -> Image:
    return images.resize_picture(picture, height=picture.height, width=picture.width)


def _picture(image: Image) -> PIL.Image.Image:
    return images.from_array(image)


def _grey(brightness: Array) -> Image:
    return np.repeat(brightness[:, :, None], 3, axis=2)
