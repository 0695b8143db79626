"""All numbers of one painted picture."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import PIL.Image
from pydantic import BaseModel, ConfigDict

from judging import unpainted
from judging.losses import (
    gram_distance,
    neighbours,
    self_similarity_distance,
    sliced_distance,
)
from judging.network import features
from judging.structure import edge_agreement, ssim
from nst_core import images
from nst_core.arrays import Image

STYLE_TAPS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
CONTENT_TAPS = ("relu3_3", "relu5_2")
"""Taps that no preset optimises."""

_VARIETY_TAP = "relu3_1"


class Verdict(BaseModel):
    """The numbers of one painted picture; ``judging.losses`` and ``judging.structure`` define them.

    Attributes:
        gram: The relative distance of Gram matrices, averaged over the style taps.
        sliced: The relative sliced Wasserstein distance, averaged likewise.
        nearest: The distance to the nearest neighbours in the style, averaged likewise.
        coverage: The share of the style that is used.
        repetition: The share of the picture that uses the most used hundredth of the style.
        ssim: Structural similarity with the content.
        edges: Agreement of edges with the content.
        self_similarity: The difference of self-similarities from the content's, averaged over the
            content taps.
        unpainted: The share of the picture of the largest region that is still the photograph.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gram: float
    sliced: float
    nearest: float
    coverage: float
    repetition: float
    ssim: float
    edges: float
    self_similarity: float
    unpainted: float


def judge(
    painted: PIL.Image.Image, *, content: PIL.Image.Image, style: PIL.Image.Image, size: int
) -> Verdict:
    """Return the numbers of a painted picture.

    Args:
        painted: The picture.
        content: The photograph, which is resized to the proportions of the picture.
        style: The painting.
        size: The longest side, in pixels, at which picture and style are judged.
    """
    height, width = _fitted(painted, size)
    image, photograph = (
        images.resize_picture(one, height=height, width=width) for one in (painted, content)
    )
    rows, columns = _fitted(style, size)
    painting = images.resize_picture(style, height=rows, width=columns)
    taps = {*STYLE_TAPS, *CONTENT_TAPS, *unpainted.TAPS}
    ours, theirs, before = (features(one, taps) for one in (image, painting, photograph))
    found = {tap: neighbours(ours[tap], theirs[tap]) for tap in STYLE_TAPS[1:]}
    marked = [unpainted.unpainted(ours[tap], before[tap], theirs[tap]) for tap in unpainted.TAPS]
    return Verdict(
        gram=_mean(gram_distance(ours[tap], theirs[tap]) for tap in STYLE_TAPS),
        sliced=_mean(sliced_distance(ours[tap], theirs[tap]) for tap in STYLE_TAPS),
        nearest=_mean(one.distance for one in found.values()),
        coverage=found[_VARIETY_TAP].coverage,
        repetition=found[_VARIETY_TAP].repetition,
        ssim=ssim(image, photograph),
        edges=edge_agreement(image, photograph),
        self_similarity=_mean(
            self_similarity_distance(ours[tap], before[tap]) for tap in CONTENT_TAPS
        ),
        unpainted=max(unpainted.largest_region(one) for one in marked),
    )


def largest_unpainted_region(image: Image, *, content: Image, style: Image) -> float:
    """Return the share of a picture that its largest region has which is still the photograph.

    Args:
        image: (H, W, 3).
        content: (H, W, 3), the photograph.
        style: (h, w, 3), the painting.
    """
    ours, before, theirs = (features(one, unpainted.TAPS) for one in (image, content, style))
    return max(
        unpainted.largest_region(unpainted.unpainted(ours[tap], before[tap], theirs[tap]))
        for tap in unpainted.TAPS
    )


def _fitted(picture: PIL.Image.Image, size: int) -> tuple[int, int]:
    scale = size / max(picture.size)
    return max(16, round(picture.height * scale)), max(16, round(picture.width * scale))


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
