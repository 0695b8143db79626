"""The image that the first stage starts from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import PIL.Image

from nst_core import images
from nst_core.arrays import Array, Image
from nst_core.backend import MEAN, STD
from nst_core.images import DecodedPicture
from nst_core.problem.masks import Mask
from nst_core.problem.recoloured_content import recoloured_content
from nst_core.problem.styles import StylePicture
from nst_core.spec import Start


def noise(*, height: int, width: int, seed: int) -> Image:
    """Return an image (H, W, 3) float32 whose normalised image is standard normal noise.

    NumPy's PCG64 draws the noise, so a seed gives the same picture on every backend and machine.
    """
    normal = np.random.Generator(np.random.PCG64(seed)).standard_normal((height, width, 3))
    return np.asarray(normal * STD + MEAN, dtype=np.float32)


def style_colours(styles: Sequence[StylePicture], *, height: int, width: int, seed: int) -> Image:
    """Return normal noise (H, W, 3) float32 with the mean and covariance of the styles' pixels.

    Each style counts by its weight.
    """
    weights = [style.weight for style in styles]
    moments = [_moments(style) for style in styles]
    mean = np.average([one for one, _ in moments], axis=0, weights=weights)
    # Second moments may be averaged; covariances may not.
    moment = np.average([one for _, one in moments], axis=0, weights=weights)
    values, vectors = np.linalg.eigh(moment - np.outer(mean, mean))
    # The symmetric root: a picture of one colour, or of greys, has no Cholesky factor.
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    normal = np.random.Generator(np.random.PCG64(seed)).standard_normal((height, width, 3))
    return np.asarray(normal @ root + mean, dtype=np.float32)


def _moments(style: StylePicture) -> tuple[Array, Array]:
    """Return the mean (3,) and the second moment (3, 3) of the colours that count."""
    pixels = np.asarray(style.picture.convert("RGB"), np.float64) / 255
    flat = pixels.reshape(-1, 3)
    if style.alpha is None:
        return np.asarray(flat.mean(axis=0)), flat.T @ flat / len(flat)
    shares = np.asarray(style.alpha, np.float64).reshape(-1, 1)
    shares /= shares.sum()
    return np.asarray((flat * shares).sum(axis=0)), flat.T @ (flat * shares)


def read_start_picture(
    start: Start, *, max_pixels: int, cut_out: bool = False
) -> DecodedPicture | None:
    """Return the picture that ``start`` names; None if ``start`` does not name a file.

    Args:
        start: The ``[start]`` table of a spec.
        max_pixels: Files of more pixels are refused.
        cut_out: Whether its visible colours are taken as they are, spread into transparent parts,
            as those of a content whose alpha is kept or left out. Otherwise it is laid over white.

    Raises:
        PictureError: if the picture can't be read.
    """
    if start.file is None:
        return None
    decoded = images.read_decoded(start.file, max_pixels=max_pixels)
    return decoded.cut_out() if cut_out else decoded


def first_image(
    start: Start,
    *,
    picture: PIL.Image.Image | None,
    content: Image,
    styles: Sequence[StylePicture],
    mask: Mask | None = None,
    alpha: PIL.Image.Image | None = None,
) -> Image:
    """Return the image that the first stage starts from, (H, W, 3) like ``content``.

    Args:
        start: The ``[start]`` table of a spec.
        picture: What ``read_start_picture`` returned.
        content: The stage's content image, (H, W, 3).
        styles: The style pictures.
        mask: The content's label picture, or None.
        alpha: The alpha, mode ``L``, by which the content's pixels count; None if all count alike.
    """
    height, width, _ = content.shape
    image = content
    if picture is not None:
        image = images.resize_picture(picture, height=height, width=width)
    elif start.image == "noise":
        return noise(height=height, width=width, seed=start.seed)
    elif start.image == "style-colours":
        # Another seed than that of the noise that may be mixed in below.
        image = style_colours(styles, height=height, width=width, seed=start.seed + 1)
    elif start.image == "content-recoloured":
        image = recoloured_content(content, styles, mask=mask, seed=start.seed, alpha=alpha)
    if not start.noise:
        return image
    share = np.float32(start.noise)
    return np.asarray(
        (1 - share) * image + share * noise(height=height, width=width, seed=start.seed)
    )
