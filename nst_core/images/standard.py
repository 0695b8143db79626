"""Pictures whose modes, keys and colours Pillow leaves as they are in the file, made ordinary."""

from __future__ import annotations

from typing import IO, cast

import PIL.Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from nst_core.images.png import as_standard as standard_png


def as_standard(picture: PIL.Image.Image, stream: IO[bytes]) -> tuple[PIL.Image.Image, list[str]]:
    """Return a picture that ``to_srgb`` converts rightly, and lines for the user.

    - PNG: see ``nst_core.images.png``.
    - BMP: an alpha that is 0 throughout is no alpha. Programs that know no alpha leave the fourth
      byte at 0, and every viewer shows such a picture.
    - TIFF: see ``nst_core.images.tiff``. 32-bit grey whose values don't exceed 65535 is taken as
      16-bit grey; the user is told.

    Args:
        picture: A decoded picture.
        stream: Its file.
    """
    notes = list(picture.info.pop("notes", ()))
    if isinstance(picture, PngImageFile):
        return standard_png(picture, stream)
    if isinstance(picture, BmpImageFile) and picture.mode == "RGBA":
        if picture.getchannel("A").getextrema() == (0, 0):
            return picture.convert("RGB"), notes
    elif isinstance(picture, TiffImageFile) and picture.mode == "I":
        notes += _notes_on_32_bits(*cast("tuple[int, int]", picture.getextrema()))
    return picture, notes


def _notes_on_32_bits(low: int, top: int) -> list[str]:
    # Negative numbers may be large unsigned ones, which Pillow returns as signed.
    if low < 0 or top > 65535:
        return []
    return [f"its 32-bit values reach only {top}: taken as 0...65535"]
