"""Images to picture files, whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core.arrays import Image
from nst_core.errors import PictureError
from nst_core.files import StrPath, atomic_writer, check_writable, shown
from nst_core.images.colours import srgb_profile
from nst_core.images.fitting import to_8bit
from nst_core.images.recipes import recipe_exif

# At these qualities, and with the colours at full resolution (4:4:4), the losses can't be seen.
_OPTIONS: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "PNG": {},
        "JPEG": {"quality": 95, "subsampling": "4:4:4"},
        "WEBP": {"quality": 95, "method": 4},
        "TIFF": {"compression": "tiff_adobe_deflate"},
    }
)

ENDINGS: MappingProxyType[str, str] = MappingProxyType(
    {
        ".png": "PNG",
        ".jpg": "JPEG",
        ".jpeg": "JPEG",
        ".webp": "WEBP",
        ".tif": "TIFF",
        ".tiff": "TIFF",
    }
)
"""The endings that ``write`` knows, in lower case, and Pillow's names of their formats."""


def write(image: Image, path: StrPath, *, recipe: str | None = None) -> None:
    """Write an image as PNG, JPEG, WebP or TIFF, by the ending of ``path`` in either case.

    The file is 8-bit RGB with the ICC profile of sRGB. It appears whole or not at all: on any
    failure a file of that name is what it was before. Equal arguments give equal bytes.

    Args:
        image: (H, W, 3), nominally [0, 1]; clipped here and nowhere else.
        path: The file to write or replace; a symbolic link is written through.
        recipe: Text to be put into the metadata, for ``read_recipe``. JPEG has room for about
            64 KB.

    Raises:
        PictureError: one line: an unknown ending, NaN in the image, a picture too large or a
            recipe too long for the format, or a file that can't be written.
    """
    form = _format(path)
    try:
        encoded = _encoded(to_8bit(image), form, recipe)
    except PictureError as cause:
        raise PictureError(f"can't write {shown(path)}: {cause}") from cause
    with atomic_writer(path, error=PictureError) as temporary:
        temporary.write_bytes(encoded)


def check_output(path: StrPath) -> None:
    """Find out before a run whether ``write`` will be able to write ``path``.

    A file is created in the directory for a moment; ``path`` itself is not touched.

    Raises:
        PictureError: one line: an unknown ending, a missing directory, one that can't be
            written in, or a ``path`` that is a directory or write-protected.
    """
    _format(path)
    check_writable(path, error=PictureError)


def _format(path: StrPath) -> str:
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise PictureError(
            f"can't write {shown(path)}: unknown ending {ending!r}; use one of {', '.join(ENDINGS)}"
        )
    return ENDINGS[ending]


def _encoded(pixels: NDArray[np.uint8], form: str, recipe: str | None) -> bytes:
    """Return the bytes of the file.

    In memory, so that what a format can't hold and what the disk refuses are told apart: Pillow
    reports both as ``OSError``.
    """
    options: dict[str, Any] = {**_OPTIONS[form], "icc_profile": srgb_profile()}
    if recipe is not None:
        options["exif"] = recipe_exif(recipe)
    stream = io.BytesIO()
    try:
        PIL.Image.fromarray(pixels).save(stream, format=form, **options)
    except (OSError, ValueError, RuntimeError, MemoryError) as cause:
        reason = " ".join(str(cause).split()) or type(cause).__name__
        raise PictureError(f"{form} can't hold it ({reason}); write a .png instead") from cause
    return stream.getvalue()
