"""Conversion of pictures of any Pillow mode, with or without a colour profile, to 8-bit sRGB."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import PIL.Image
from PIL import ImageCms

_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO, _UNSIGNED = 0, 1

_PROFILE_SPACES = MappingProxyType({"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"})


def to_srgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return the picture as mode ``RGB`` in sRGB, composited over white.

    - An embedded ICC profile is applied with perceptual intent. It is ignored without a message, as
      viewers do, if it is broken or describes another colour space than the picture has (e.g. RGB
      in a grey picture); the values are then taken as sRGB.
    - CMYK without a profile is converted by Pillow's simple formula.
    - Grey of more than 8 bits (modes ``I;16...``, ``I``, ``F``) is scaled, not clipped: see
      ``_white_value``.

    Returns:
        A new picture of the same size. It has no metadata, because profile, orientation and
        transparency of the original don't apply to it.

    Raises:
        ValueError: a picture of mode ``F`` holds NaN or infinite values.
    """
    return colour_and_alpha(picture)[0]


def colour_and_alpha(
    picture: PIL.Image.Image,
) -> tuple[PIL.Image.Image, PIL.Image.Image | None]:
    """Return the result of ``to_srgb`` and the alpha in mode ``L``; None if there is no alpha."""
    rgb, alpha = straight_and_alpha(picture)
    return over_white(rgb, alpha), alpha


def straight_and_alpha(
    picture: PIL.Image.Image,
) -> tuple[PIL.Image.Image, PIL.Image.Image | None]:
    """Return the colours in sRGB, mode ``RGB``, not multiplied by alpha, and the alpha (``L``)."""
    colour, alpha = _split_alpha(picture)
    rgb = _profile_applied(colour, picture.info.get("icc_profile"))
    rgb.info.clear()
    return rgb, alpha


def over_white(rgb: PIL.Image.Image, alpha: PIL.Image.Image | None) -> PIL.Image.Image:
    """Return colours composited over white; themselves if there is no alpha."""
    if alpha is None:
        return rgb
    white = PIL.Image.new("RGB", rgb.size, "white")
    white.paste(rgb, mask=alpha)
    return white


@cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB, always the same bytes."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Bytes 24...35 hold the date of creation. A constant date gives equal files for equal pictures.
    return profile[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + profile[36:]


def _split_alpha(picture: PIL.Image.Image) -> tuple[PIL.Image.Image, PIL.Image.Image | None]:
    """Return the colours in a mode to which a profile can apply, and the alpha (``L``) if any."""
    mode, keyed = picture.mode, "transparency" in picture.info
    if mode in ("I", "F") or mode.startswith("I;16"):
        return _deep_grey(picture)
    if mode == "La" or (keyed and mode in ("1", "L")):
        picture = picture.convert("LA")
    elif mode in ("P", "PA", "RGBa") or (keyed and mode == "RGB"):
        picture = picture.convert("RGBA")
    if picture.mode in ("LA", "RGBA"):
        # Dropping the A keeps the colours of transparent pixels, to which the profile applies.
        return picture.convert(picture.mode[:-1]), picture.getchannel("A")
    # The profile of a YCbCr picture describes the RGB values that it encodes.
    return picture.convert("RGB") if mode == "YCbCr" else picture, None


def _deep_grey(picture: PIL.Image.Image) -> tuple[PIL.Image.Image, PIL.Image.Image | None]:
    """Return grey of more than 8 bits as mode ``L``, and the alpha if one value is transparent."""
    tags: Mapping[int, Any] = getattr(picture, "tag_v2", {})
    values = np.asarray(picture, dtype=np.float32)
    if picture.mode == "I" and _unsigned(tags):
        # Pillow returns unsigned numbers of 32 bits as signed ones.
        values = np.where(values < 0, values + np.float32(2**32), values)
    if not np.isfinite(values).all():
        raise ValueError("it holds NaN or infinite values")
    white = _white_value(picture.mode, tags, float(values.max()))
    scaled = np.clip(values / np.float32(white), 0, 1)
    if _tag_value(tags, _PHOTOMETRIC, 1) == _WHITE_IS_ZERO:
        scaled = 1 - scaled  # Pillow does this for 8 bits only
    grey = PIL.Image.fromarray(np.rint(scaled * 255).astype(np.uint8))
    key = picture.info.get("transparency")
    if not isinstance(key, int):
        return grey, None
    return grey, PIL.Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8))


def _white_value(mode: str, tags: Mapping[int, Any], top: float) -> float:
    """Return the value that means white.

    - ``I;16``: the largest number of the bits per sample; a TIFF may have 12.
    - ``I``: 65535, since 32 bits most often hold 16-bit values; the largest number of 32 bits if a
      value exceeds 65535.
    - ``F``: there is no defined range. 1 if no value exceeds 2, else 255 if no value exceeds 510,
      else 65535: values may overshoot white.

    Args:
        mode: One of these modes.
        tags: The tags of a TIFF; empty for other formats.
        top: The largest value of the picture.
    """
    if mode == "F":
        return 1.0 if top <= 2 else 255.0 if top <= 510 else 65535.0
    if mode == "I":
        return 65535.0 if top <= 65535 else 2.0 ** (32 if _unsigned(tags) else 31) - 1
    return 2.0 ** _tag_value(tags, _BITS_PER_SAMPLE, 16) - 1


def _unsigned(tags: Mapping[int, Any]) -> bool:
    return bool(tags) and _tag_value(tags, _SAMPLE_FORMAT, _UNSIGNED) == _UNSIGNED


def _tag_value(tags: Mapping[int, Any], tag: int, default: int) -> int:
    """Return the number of a TIFF tag, the first if it has several, or ``default``."""
    value = tags.get(tag, default)
    return int(value[0] if isinstance(value, tuple) else value)


def _profile_applied(colour: PIL.Image.Image, profile: bytes | None) -> PIL.Image.Image:
    """Convert to sRGB by the embedded profile, or by Pillow's formulas if it is not usable."""
    if profile and colour.mode in _PROFILE_SPACES:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if source.profile.xcolor_space.strip() == _PROFILE_SPACES[colour.mode]:
                srgb = ImageCms.createProfile("sRGB")
                # The intent is perceptual by default.
                return ImageCms.buildTransform(source, srgb, colour.mode, "RGB").apply(colour)
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            pass
    return colour.convert("RGB")
