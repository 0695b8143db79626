"""Writing images to picture files, atomically."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core.arrays import Image
from nst_core.errors import PictureError
from nst_core.images import sixteen_bit
from nst_core.images.cutout import resized_alpha
from nst_core.images.embedded_recipe import add_recipe
from nst_core.images.exif import add_tags
from nst_core.images.output import DEFAULT_OUTPUT, EncodeOptions, Output
from nst_core.images.resize import to_8bit, to_16bit
from nst_core.images.to_srgb import srgb_profile
from nst_core.system.files import StrPath, atomic_writer, check_writable, display_path

# With these qualities, and colours at full resolution (4:4:4), the losses are not visible.
_OPTIONS: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "PNG": {},
        "JPEG": {"quality": 95, "subsampling": "4:4:4"},
        "WEBP": {"quality": 95, "method": 4},
        "TIFF": {"compression": "tiff_adobe_deflate"},
    }
)

EXTENSIONS: MappingProxyType[str, str] = MappingProxyType(
    {
        ".png": "PNG",
        ".jpg": "JPEG",
        ".jpeg": "JPEG",
        ".webp": "WEBP",
        ".tif": "TIFF",
        ".tiff": "TIFF",
    }
)
"""The extensions that ``write`` knows, in lower case, and Pillow's names of their formats."""

_FORMATS_WITH_16_BITS = ("PNG", "TIFF")
_FORMATS_WITH_ALPHA = ("PNG", "WEBP", "TIFF")
_PRINT_EXTENSIONS = (".eps", ".ps", ".pdf", ".psd", ".ai", ".indd")

_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _PER_INCH = 282, 283, 296, 2
NO_METADATA = EncodeOptions()
"""8 bits per channel, no resolution, no alpha and no EXIF tags."""


def write(
    image: Image, path: StrPath, *, recipe: str | None = None, finish: EncodeOptions = NO_METADATA
) -> None:
    """Write an image as PNG, JPEG, WebP or TIFF, as the extension of ``path`` says (in any case).

    The file is RGB with an ICC profile of sRGB, and has 8 bits per channel unless ``finish`` says
    otherwise. Writing is atomic: if it fails, a file of that name stays as it was. Equal arguments
    give equal bytes.

    Args:
        image: (H, W, 3), nominally in [0, 1]. It is clipped here, and nowhere before.
        path: The file to write or replace. If it is a symbolic link, its target is replaced.
        recipe: Text to embed, for ``read_recipe``. JPEG can hold about 64 KB.
        finish: Bits, resolution, alpha and EXIF tags.

    Raises:
        PictureError: one line: the extension is unknown, the image holds NaN, the picture is too
            large or the recipe too long for the format, the format has no 16 bits or no alpha, or
            the file can't be written.
    """
    form = _format(path)
    _check_fits(path, form, bits=finish.bits, alpha=finish.has_alpha)
    try:
        encoded = _encoded(image, form, recipe, finish)
    except PictureError as cause:
        raise PictureError(f"can't write {display_path(path)}: {cause}") from cause
    with atomic_writer(path, error=PictureError) as temporary:
        temporary.write_bytes(encoded)


def check_output(path: StrPath, output: Output = DEFAULT_OUTPUT) -> None:
    """Check, before a run, that ``write`` will be able to write ``path``.

    A file is created in the directory and removed again; ``path`` itself is not touched.

    Args:
        path: The file to be written or replaced.
        output: What the file is going to hold.

    Raises:
        PictureError: one line: the extension is unknown, its format can't hold what ``output`` asks
            for, the directory is missing or not writable, or ``path`` is a directory or
            write-protected.
    """
    form = _format(path)
    _check_fits(path, form, bits=output.bits, alpha=output.keep_alpha)
    check_writable(path, error=PictureError)


def _format(path: StrPath) -> str:
    extension = Path(path).suffix.lower()
    if extension in _PRINT_EXTENSIONS:
        raise PictureError(
            f"can't write {display_path(path)}: {extension} is for printers, which want CMYK, and "
            "nst writes RGB; write a 16-bit .tif (--bits 16) and convert it with the printer's ICC "
            "profile"
        )
    if extension not in EXTENSIONS:
        raise PictureError(
            f"can't write {display_path(path)}: unknown extension {extension!r}; "
            f"use one of {', '.join(EXTENSIONS)}"
        )
    return EXTENSIONS[extension]


def _check_fits(path: StrPath, form: str, *, bits: int, alpha: bool) -> None:
    if bits == 16 and form not in _FORMATS_WITH_16_BITS:
        raise PictureError(
            f"can't write {display_path(path)}: {form} has 8 bits per channel; "
            "write a .png or .tif for 16 bits"
        )
    if alpha and form not in _FORMATS_WITH_ALPHA:
        raise PictureError(
            f"can't write {display_path(path)}: {form} has no transparency; "
            "write a .png, .webp or .tif to keep the content's alpha"
        )


def _encoded(image: Image, form: str, recipe: str | None, finish: EncodeOptions) -> bytes:
    """Return the bytes of the file.

    The picture is encoded in memory, before the file is opened, because Pillow raises ``OSError``
    for what the format can't hold as well as for what the disk refuses.
    """
    exif = _exif(form, recipe, finish)
    if finish.alpha is not None and finish.over_white:
        image = _over_white(image, finish.alpha)
        finish = replace(finish, alpha=None)
    try:
        if finish.bits == 16:
            encode = sixteen_bit.png if form == "PNG" else sixteen_bit.tiff
            pixels = to_16bit(image)
            if finish.alpha is not None:
                pixels = np.dstack([pixels, _alpha(finish.alpha, image).astype(np.uint16) * 257])
            return encode(pixels, profile=srgb_profile(), exif=exif, dpi=finish.dpi)
        return _encoded_by_pillow(image, form, exif, finish)
    except (OSError, ValueError, RuntimeError, MemoryError) as cause:
        reason = " ".join(str(cause).split()) or type(cause).__name__
        raise PictureError(f"{form} can't hold it ({reason}); write a .png instead") from cause


def _encoded_by_pillow(
    image: Image, form: str, exif: PIL.Image.Exif | None, finish: EncodeOptions
) -> bytes:
    options: dict[str, Any] = {**_OPTIONS[form], "icc_profile": srgb_profile()}
    if exif is not None:
        options["exif"] = exif
    if finish.dpi is not None:
        options["dpi"] = (finish.dpi, finish.dpi)
    pixels = to_8bit(image)
    if finish.alpha is not None:
        pixels = np.dstack([pixels, _alpha(finish.alpha, image)])
        if form == "WEBP":
            # Otherwise libwebp changes the colours of transparent pixels, to save a few bytes.
            options["exact"] = True
    stream = io.BytesIO()
    PIL.Image.fromarray(pixels).save(stream, format=form, **options)
    return stream.getvalue()


def _exif(form: str, recipe: str | None, finish: EncodeOptions) -> PIL.Image.Exif | None:
    """Return the EXIF data of the file; None if it would be empty."""
    exif = PIL.Image.Exif()
    if finish.exif is not None:
        # Pillow can't write the EXIF directory into a compressed TIFF.
        add_tags(exif, finish.exif, with_exif_ifd=form != "TIFF")
    if finish.dpi is not None and form == "WEBP":
        # WebP has no field of its own for the resolution.
        exif[_X_RESOLUTION] = exif[_Y_RESOLUTION] = finish.dpi
        exif[_RESOLUTION_UNIT] = _PER_INCH
    if recipe is not None:
        add_recipe(exif, recipe)
    return exif if len(exif) else None


def _over_white(image: Image, alpha: PIL.Image.Image) -> Image:
    """Return an image laid over white; it is clipped first, as it is in a file."""
    share = (_alpha(alpha, image) / 255)[:, :, None].astype(image.dtype)
    return np.asarray(np.clip(image, 0, 1) * share + (1 - share))


def _alpha(alpha: PIL.Image.Image, image: Image) -> NDArray[np.uint8]:
    """Return the alpha resized to the image's size, (H, W)."""
    height, width = image.shape[:2]
    return resized_alpha(alpha, height=height, width=width)
