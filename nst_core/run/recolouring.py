"""Whose colours a picture gets: the style's, the content's, or the style's made like those.

After Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style Transfer"
(2016), and Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer" (2017):

- ``style``: nothing is done.
- ``content``: only light and dark are painted. Content and style are made grey, the style's grey
  with the content's mean and deviation, and the result's luminance gets the content's colours. To
  paint in colour and exchange the colours at the end would be less prepared, and looks worse: the
  luminance then has the grain of coloured strokes that are no longer there, and its light follows
  the style's palette (on the demo pair the lake came out near black, and the sky in specks).
- ``match``: before anything else the style's colours are moved, each by the same affine map, so
  that their mean and covariance are the content's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import PIL.Image

from nst_core import images
from nst_core.arrays import Array, Image
from nst_core.backend import Losses
from nst_core.images.colour_transfer import luminance, matched, matched_luminance, recoloured
from nst_core.run.observers import Observer, Plan, Progress, Step
from nst_core.spec.fields import Colours


def prepared_colours(
    colours: Colours, *, content: PIL.Image.Image, styles: Sequence[PIL.Image.Image]
) -> tuple[PIL.Image.Image, tuple[PIL.Image.Image, ...]]:
    """Return content and styles as they are to be painted with.

    Args:
        colours: Whose colours the result gets.
        content: The content picture.
        styles: The style pictures; each is matched by itself.
    """
    if colours == "style":
        return content, tuple(styles)
    reference = _values(content)
    if colours == "match":
        return content, tuple(_picture(matched(_values(one), reference)) for one in styles)
    grey = luminance(reference)
    matched_styles = (matched_luminance(luminance(_values(one)), grey) for one in styles)
    return _picture(_grey(grey)), tuple(_picture(_grey(one)) for one in matched_styles)


class Recolouring(Observer):
    """Hands every step on with its image recoloured, as the result will be.

    Args:
        observers: Who is told.
        content: The content picture, in its colours.
    """

    def __init__(self, observers: Iterable[Observer], content: PIL.Image.Image) -> None:
        self._observers = list(observers)
        self._content = content

    def started(self, plan: Plan) -> None:
        """Hand it on."""
        for observer in self._observers:
            observer.started(plan)

    def stepped(self, step: Step) -> None:
        """Hand it on, with a session whose image is recoloured."""
        inner = replace(step, session=_Recoloured(step.session, self._content))
        for observer in self._observers:
            observer.stepped(inner)

    def closed(self) -> None:
        """Hand it on."""
        for observer in self._observers:
            observer.closed()


class _Recoloured:
    """A session as observers see it, its image recoloured."""

    def __init__(self, session: Progress, content: PIL.Image.Image) -> None:
        self._session = session
        self._content = content

    def losses(self) -> Losses:
        """Return those of the session beneath."""
        return self._session.losses()

    def image(self) -> Image:
        """Return the image, (H, W, 3), in the content's colours."""
        return in_colours_of(self._content, self._session.image())


def in_colours_of(content: PIL.Image.Image, image: Image) -> Image:
    """Return ``recoloured(image)`` with the content picture at the image's size."""
    height, width = image.shape[:2]
    return recoloured(image, images.resize_picture(content, height=height, width=width))


def _values(picture: PIL.Image.Image) -> Image:
    return images.resize_picture(picture, height=picture.height, width=picture.width)


def _picture(image: Image) -> PIL.Image.Image:
    return images.from_array(image)


def _grey(brightness: Array) -> Image:
    return np.repeat(brightness[:, :, None], 3, axis=2)
