"""Resizing, and conversion between Pillow's pictures, arrays of users, and images."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core.arrays import Image
from nst_core.errors import PictureError
from nst_core.images.cutout import resized
from nst_core.images.to_srgb import to_srgb


def resize_picture(picture: PIL.Image.Image, *, height: int, width: int) -> Image:
    """Resize a picture to exactly ``height`` x ``width`` pixels and return it as an image.

    The proportions are not kept. The interpolation is bilinear with antialiasing, on 8-bit values,
    like ``torchvision.transforms.Resize`` applied to a Pillow picture. A picture that already has
    the size keeps its values. The pixels of a content whose alpha is kept count by their alpha.

    Args:
        picture: As ``read`` returns it. A picture of another mode than ``RGB`` is converted as
            ``read`` does.
        height: In pixels, at least 1.
        width: In pixels, at least 1.

    Returns:
        (H, W, 3) float32 in [0, 1]: the 8-bit values divided by 255.

    Raises:
        PictureError: if a side is less than 1.
    """
    if height < 1 or width < 1:
        raise PictureError(f"can't fit a picture to {width} x {height}: sides are at least 1 pixel")
    rgb = picture if picture.mode == "RGB" else to_srgb(picture)
    return np.asarray(resized(rgb, (width, height)), dtype=np.uint8).astype(
        np.float32
    ) / np.float32(255)


def resize_image(image: Image, *, height: int, width: int) -> Image:
    """Resize an image, bilinear with antialiasing, in float32.

    This is for images that are still being optimised: values outside [0, 1] are kept, and nothing
    is rounded to 8 bits.

    Args:
        image: (H, W, 3) of any floating dtype.
        height: In pixels.
        width: In pixels.

    Returns:
        (height, width, 3) float32. An image that already has the size is returned itself,
        whatever its dtype.
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
    """Convert a user's array to a picture.

    Args:
        array: (H, W, 3) RGB in sRGB: uint8, or floating point, which is clipped to [0, 1].

    Returns:
        A picture of mode ``RGB``.

    Raises:
        PictureError: the shape or dtype is another, or a value is NaN or infinite.
    """
    if array.dtype == np.uint8:
        _check_shape(array)
        return PIL.Image.fromarray(array)
    return PIL.Image.fromarray(to_8bit(array))


def to_8bit(image: Image) -> NDArray[np.uint8]:
    """Clip an image to [0, 1], scale it to 0...255 and round, halves to even.

    Args:
        image: (H, W, 3) floating point.

    Returns:
        (H, W, 3) uint8. For an image from ``resize_picture`` these are its 8-bit values, unchanged.

    Raises:
        PictureError: the shape or dtype is another, or a value is NaN or infinite.
    """
    return np.asarray(np.rint(_scaled(image, 255)), dtype=np.uint8)


def to_16bit(image: Image) -> NDArray[np.uint16]:
    """Convert to uint16, 0...65535; otherwise like ``to_8bit``."""
    return np.asarray(np.rint(_scaled(image, 65535)), dtype=np.uint16)


def truncate_to_8bit(image: Image) -> PIL.Image.Image:
    """Convert an image to a picture like torchvision's ``ToPILImage`` after a clamp to [0, 1].

    The values are scaled to 0...255 as in ``to_8bit``, but the fractions are cut off instead of
    rounded, which makes the picture half a level darker on average. This is for documents that
    continue with such a picture; files are written by ``to_8bit``.

    Args:
        image: (H, W, 3) floating point.

    Returns:
        A picture of mode ``RGB``.

    Raises:
        PictureError: as for ``to_8bit``.
    """
    return PIL.Image.fromarray(_scaled(image, 255).astype(np.uint8))


def _scaled(image: Image, full: int) -> NDArray[Any]:
    """Check an image, clip it to [0, 1] and multiply it by ``full``."""
    _check_shape(image)
    if not np.issubdtype(image.dtype, np.floating):
        raise PictureError(
            f"image is an array of {image.dtype}: give uint8, or floating point in [0, 1]"
        )
    non_finite = image.size - int(np.count_nonzero(np.isfinite(image)))
    if non_finite:
        raise PictureError(
            f"image holds NaN or infinite values ({non_finite} of {image.size}): "
            "a lower learning rate may help"
        )
    # float16 holds too few bits of 255 times the value to round it correctly.
    scaled = np.clip(image, 0, 1).astype(np.promote_types(image.dtype, np.float32)) * full
    return np.asarray(scaled)


def _check_shape(array: NDArray[Any]) -> None:
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise PictureError(f"image is an array of shape {array.shape}: give (height, width, 3)")
