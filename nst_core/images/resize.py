"""Resizing, and conversion between Pillow's pictures, users' arrays and images."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core.arrays import Image
from nst_core.errors import PictureError
from nst_core.images.to_srgb import to_srgb


def fit(picture: PIL.Image.Image, *, height: int, width: int) -> Image:
    """Resize a picture to exactly ``height`` x ``width`` pixels, its proportions disregarded.

    Bilinear with antialiasing, on 8 bits: what ``torchvision.transforms.Resize`` does to a
    picture of Pillow's. A picture that has the size already keeps its values.

    Args:
        picture: As from ``read``; of another mode than ``RGB`` it is converted as there.
        height: In pixels, at least 1.
        width: In pixels, at least 1.

    Returns:
        (H, W, 3) float32 in [0, 1]: the 8-bit values over 255.

    Raises:
        PictureError: if a side is less than 1.
    """
    if height < 1 or width < 1:
        raise PictureError(f"can't fit a picture to {width} x {height}: sides are at least 1 pixel")
    rgb = picture if picture.mode == "RGB" else to_srgb(picture)
    # Pillow leaves a picture alone that has the size already.
    resized = rgb.resize((width, height), PIL.Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8).astype(np.float32) / np.float32(255)


def resize(image: Image, *, height: int, width: int) -> Image:
    """Resize an image (H, W, 3) to ``height`` x ``width``, bilinear with antialiasing, float32.

    For what is still being worked on: values outside [0, 1] stay as they are, and nothing is
    rounded. An image that has the size already keeps its values.
    """
    if image.shape[:2] == (height, width):
        return image
    planes = [
        PIL.Image.fromarray(np.ascontiguousarray(image[:, :, channel], dtype=np.float32)).resize(
            (width, height), PIL.Image.Resampling.BILINEAR
        )
        for channel in range(3)
    ]
    return np.stack([np.asarray(plane, dtype=np.float32) for plane in planes], axis=2)


def from_array(array: NDArray[Any]) -> PIL.Image.Image:
    """Make a picture of a user's array.

    Args:
        array: (H, W, 3) RGB in sRGB: uint8, or floating point in [0, 1], which is clipped.

    Raises:
        PictureError: for another shape or dtype, for NaN and infinite values.
    """
    if array.dtype == np.uint8:
        _check_shape(array)
        return PIL.Image.fromarray(array)
    return PIL.Image.fromarray(to_8bit(array))


def to_8bit(image: Image) -> NDArray[np.uint8]:
    """Clip an image to [0, 1] and scale it to 0...255, half to even.

    Args:
        image: (H, W, 3) floating point.

    Returns:
        (H, W, 3) uint8. What ``fit`` made of 8-bit values comes back unchanged.

    Raises:
        PictureError: for another shape or dtype, for NaN and infinite values.
    """
    return np.asarray(np.rint(_scaled(image, 255)), dtype=np.uint8)


def to_16bit(image: Image) -> NDArray[np.uint16]:
    """Clip an image to [0, 1] and scale it to 0...65535, half to even; otherwise as ``to_8bit``."""
    return np.asarray(np.rint(_scaled(image, 65535)), dtype=np.uint16)


def truncated(image: Image) -> PIL.Image.Image:
    """Make a picture of an image as torchvision's ``ToPILImage`` does after a clamp to [0, 1].

    Scaled to 0...255 like ``to_8bit``, but the fractions are cut off: half a level darker on the
    average. For documents that work on with such a picture; files are written by ``to_8bit``.

    Args:
        image: (H, W, 3) floating point.

    Raises:
        PictureError: as for ``to_8bit``.
    """
    return PIL.Image.fromarray(_scaled(image, 255).astype(np.uint8))


def _scaled(image: Image, full: int) -> NDArray[Any]:
    """Clip to [0, 1] and multiply by ``full``."""
    _check_shape(image)
    if not np.issubdtype(image.dtype, np.floating):
        raise PictureError(
            f"image is an array of {image.dtype}: give uint8, or floating point in [0, 1]"
        )
    bad = image.size - int(np.count_nonzero(np.isfinite(image)))
    if bad:
        raise PictureError(
            f"image holds NaN or infinite values ({bad} of {image.size}): "
            "a lower learning rate may help"
        )
    # In float16, 255 times the value would lose the rounding.
    scaled = np.clip(image, 0, 1).astype(np.promote_types(image.dtype, np.float32)) * full
    return np.asarray(scaled)


def _check_shape(array: NDArray[Any]) -> None:
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise PictureError(f"image is an array of shape {array.shape}: give (height, width, 3)")
