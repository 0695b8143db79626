"""Any mode that Pillow knows, with or without a colour profile, to 8-bit RGB in sRGB."""

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
    """Return the picture as mode ``RGB`` in sRGB, alpha composited over white.

    An embedded ICC profile is converted from with perceptual intent. A profile that is broken,
    or that describes another kind of colour than the picture has (RGB in a grey picture), is
    ignored without a word, as viewers do; the values then count as sRGB. CMYK without a profile
    is converted by Pillow's plain formula.

    Deep grey (modes ``I;16...``, ``I``, ``F``) is scaled, not clipped: see ``_full_scale``.

    Returns:
        A new picture of the same size, without metadata, since what it said (profile,
        orientation, transparency) no longer holds.
    """
    return colour_and_alpha(picture)[0]


def colour_and_alpha(
    picture: PIL.Image.Image,
) -> tuple[PIL.Image.Image, PIL.Image.Image | None]:
    """Return what ``to_srgb`` does, and the alpha in mode ``L``, None where there is none."""
    colour, alpha = _parts(picture)
    rgb = _managed(colour, picture.info.get("icc_profile"))
    if alpha is not None:
        white = PIL.Image.new("RGB", rgb.size, "white")
        white.paste(rgb, mask=alpha)
        rgb = white
    rgb.info.clear()
    return rgb, alpha


@cache
def srgb_profile() -> bytes:
    """Return the ICC profile of sRGB, the same bytes at any time."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Bytes 24...35 are the date of creation, which is now; equal pictures should be equal files.
    return profile[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + profile[36:]


def _parts(picture: PIL.Image.Image) -> tuple[PIL.Image.Image, PIL.Image.Image | None]:
    """Return the colours in a mode that a profile may describe, and the alpha (``L``) if any."""
    mode, keyed = picture.mode, "transparency" in picture.info
    if mode in ("I", "F") or mode.startswith("I;16"):
        return _deep_grey(picture)
    if mode == "La" or (keyed and mode in ("1", "L")):
        picture = picture.convert("LA")
    elif mode in ("P", "PA", "RGBa") or (keyed and mode == "RGB"):
        picture = picture.convert("RGBA")
    if picture.mode in ("LA", "RGBA"):
        # To drop the A is to keep the colour of transparent pixels, which a profile wants.
        return picture.convert(picture.mode[:-1]), picture.getchannel("A")
    # The profile of a YCbCr picture describes the RGB that it encodes.
    return picture.convert("RGB") if mode == "YCbCr" else picture, None


def _deep_grey(picture: PIL.Image.Image) -> tuple[PIL.Image.Image, PIL.Image.Image | None]:
    """Return grey of more than 8 bits as mode ``L``, and the alpha of its transparent value."""
    tags: Mapping[int, Any] = getattr(picture, "tag_v2", {})
    values = np.asarray(picture, dtype=np.float32)
    if picture.mode == "I" and _unsigned(tags):
        # Pillow hands unsigned numbers of 32 bits out as signed ones.
        values = np.where(values < 0, values + np.float32(2**32), values)
    if not np.isfinite(values).all():
        raise ValueError("it holds NaN or infinite values")
    full = _full_scale(picture.mode, tags, float(values.max()))
    scaled = np.clip(values / np.float32(full), 0, 1)
    if _first(tags, _PHOTOMETRIC, 1) == _WHITE_IS_ZERO:
        scaled = 1 - scaled  # which Pillow does for 8 bits only
    grey = PIL.Image.fromarray(np.rint(scaled * 255).astype(np.uint8))
    key = picture.info.get("transparency")
    if not isinstance(key, int):
        return grey, None
    return grey, PIL.Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8))


def _full_scale(mode: str, tags: Mapping[int, Any], top: float) -> float:
    """Return the value that counts as white, where the mode alone doesn't say it.

    ``I;16``: what the bits per sample allow (a TIFF may have 12). ``I``: 32 bits are most often
    a wide container for 16, so the full range of 32 only counts if something exceeds 16. ``F``
    has no range: 1, 255 or 65535, whichever is passed by no more than an overshoot.
    """
    if mode == "F":
        return 1.0 if top <= 2 else 255.0 if top <= 510 else 65535.0
    if mode == "I":
        return 65535.0 if top <= 65535 else 2.0 ** (32 if _unsigned(tags) else 31) - 1
    return 2.0 ** _first(tags, _BITS_PER_SAMPLE, 16) - 1


def _unsigned(tags: Mapping[int, Any]) -> bool:
    return bool(tags) and _first(tags, _SAMPLE_FORMAT, _UNSIGNED) == _UNSIGNED


def _first(tags: Mapping[int, Any], tag: int, default: int) -> int:
    """Return the (first) number of a TIFF tag; pictures of other formats have no tags."""
    value = tags.get(tag, default)
    return int(value[0] if isinstance(value, tuple) else value)


def _managed(colour: PIL.Image.Image, profile: bytes | None) -> PIL.Image.Image:
    """Convert from the embedded profile to sRGB, or by Pillow's formulas without a usable one."""
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
