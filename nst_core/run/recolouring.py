"""Whose colours a picture has: those of the style or those of the content, in two ways.

The methods are from Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic
Style Transfer" (2016), and Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer"
(2017):

- ``style``: nothing is changed. The picture has the style's colours.
- ``content``: only the luminance is painted. Content and style become grey, and the style's grey
  gets the mean and the deviation of the content's. At the end the content's colours are added to
  the result's luminance. The alternative is to paint in colour and to exchange only the colours at
  the end. It looks worse: the luminance then has the grain of coloured strokes that are gone, and
  it follows the style's palette. On the demo pair the lake came out almost black and the sky in
  specks.
- ``match``: before the run an affine map moves the style's colours, so that they have the mean and
  the covariance of the content's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import PIL.Image
from typing_extensions import override

from nst_core import images
from nst_core.arrays import Array, Image
from nst_core.backend import Losses
from nst_core.images.colour_transfer import luminance, matched, matched_luminance, recoloured
from nst_core.images.cutout import keep_weights
from nst_core.run.observers import Observer, Optimisation, Plan, Step
from nst_core.spec.fields import Colours


def prepared_colours(
    colours: Colours, *, content: PIL.Image.Image, styles: Sequence[PIL.Image.Image]
) -> tuple[PIL.Image.Image, tuple[PIL.Image.Image, ...]]:
    """Return content and styles in the colours that the run works with.

    Args:
        colours: Whose colours the result has.
        content: The content picture.
        styles: The style pictures. Each one is matched to the content separately.
    """
    if colours == "style":
        return content, tuple(styles)
    reference = _values(content)
    if colours == "match":
        return content, tuple(_picture(matched(_values(one), reference)) for one in styles)
    grey = luminance(reference)
    matched_styles = (matched_luminance(luminance(_values(one)), grey) for one in styles)
    painted = keep_weights(_picture(_grey(grey)), of=content)
    return painted, tuple(_picture(_grey(one)) for one in matched_styles)


class Recolouring(Observer):
    """Calls other observers, with every image in the content's colours, as the result will be.

    Args:
        observers: The other observers.
        content: The content picture in its original colours.
    """

    def __init__(self, observers: Iterable[Observer], content: PIL.Image.Image) -> None:
        self._observers = list(observers)
        self._content = content

    @override
    def started(self, plan: Plan) -> None:
        for observer in self._observers:
            observer.started(plan)

    @override
    def stepped(self, step: Step) -> None:
        recoloured_step = replace(step, optimisation=_Recoloured(step.optimisation, self._content))
        for observer in self._observers:
            observer.stepped(recoloured_step)

    @override
    def closed(self) -> None:
        for observer in self._observers:
            observer.closed()


class _Recoloured(Optimisation):
    """An optimisation whose image is in the content's colours."""

    def __init__(self, inner: Optimisation, content: PIL.Image.Image) -> None:
        self._inner = inner
        self._content = content

    @override
    def losses(self) -> Losses:
        return self._inner.losses()

    @override
    def image(self) -> Image:
        return in_colours_of(self._content, self._inner.image())


def in_colours_of(content: PIL.Image.Image, image: Image) -> Image:
    """Return an image (H, W, 3) with its own luminance and the content picture's colours."""
    height, width = image.shape[:2]
    return recoloured(image, images.resize_picture(content, height=height, width=width))


def _values(picture: PIL.Image.Image) -> Image:
    return images.resize_picture(picture, height=picture.height, width=picture.width)


def _picture(image: Image) -> PIL.Image.Image:
    return images.from_array(image)


def _grey(brightness: Array) -> Image:
    return np.repeat(brightness[:, :, None], 3, axis=2)
