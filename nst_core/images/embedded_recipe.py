"""The recipe of a picture: the spec that it was made by, as TOML, embedded in its EXIF data.

All formats use the same two tags. ImageDescription (270) holds the text in UTF-8. Software (305)
holds ``nst``, so that the description of a camera or an editor is not mistaken for a recipe. Both
are in the first directory (IFD0) of the EXIF data:

- PNG: in the ``eXIf`` chunk;
- JPEG: in the APP1 segment;
- WebP: in the ``EXIF`` chunk;
- TIFF: as tags of the file itself.

The tag UserComment would also be suitable, but it is in a subdirectory, which Pillow can't write
into a compressed TIFF.
"""

from __future__ import annotations

import PIL.Image
from PIL.TiffImagePlugin import TiffImageFile

from nst_core.errors import PictureError
from nst_core.images.opening import as_error, open_stream
from nst_core.images.reading import open_header
from nst_core.system import storage
from nst_core.system.files import StrPath, display_path

_DESCRIPTION, _SOFTWARE = 270, 305
_SOFTWARE_NAME = "nst"


def add_recipe(exif: PIL.Image.Exif, recipe: str) -> None:
    """Add the recipe to EXIF data.

    Args:
        exif: The EXIF data, changed in place.
        recipe: Any text without NUL.

    Raises:
        PictureError: the text can't be stored: it holds a NUL, which TOML forbids, or one half of
            a surrogate pair.
    """
    try:
        text = recipe.encode("utf-8")
    except UnicodeEncodeError as cause:
        raise PictureError("the recipe is not Unicode text: write it as UTF-8") from cause
    if b"\0" in text:
        raise PictureError("the recipe holds a NUL character: TOML allows none")
    exif[_DESCRIPTION] = text
    exif[_SOFTWARE] = _SOFTWARE_NAME


def read_recipe(path: StrPath) -> str:
    """Return the recipe that ``write`` embedded in a picture file, unchanged.

    Only the header is read, so the number of pixels doesn't matter.

    Raises:
        PictureError: one line that names the file: it can't be read as a picture (see ``read``),
            or holds no recipe.
    """
    exif = _webp_exif(path) if storage.is_url(path) else None
    if exif is not None:
        recipe = _recipe_of(exif)
    else:
        with open_header(path) as picture:
            recipe = _recipe_in(picture)
    if recipe is None:
        raise PictureError(
            f"can't read a recipe from {display_path(path)}: it holds none; "
            "only pictures written by nst and not edited since do"
        )
    return recipe


def _recipe_in(picture: PIL.Image.Image) -> str | None:
    """Return the recipe in the EXIF data of a picture; None if there is none."""
    # If the header of a PNG has no EXIF data, ``getexif`` decodes the pixels to look for them later
    # in the file.
    if "exif" not in picture.info and not isinstance(picture, TiffImageFile):
        return None
    try:
        return _recipe_of(picture.getexif())
    # With damaged EXIF data Pillow raises errors of nearly any type. Then there is no recipe.
    except Exception:
        return None


def _recipe_of(exif: PIL.Image.Exif) -> str | None:
    """Return the recipe in EXIF data; None if there is none."""
    try:
        if exif.get(_SOFTWARE) != _SOFTWARE_NAME:
            return None
        # Pillow decodes the bytes of the tag as Latin-1.
        return str(exif[_DESCRIPTION]).encode("latin-1").decode("utf-8")
    # With damaged EXIF data Pillow raises errors of nearly any type. Then there is no recipe.
    except Exception:
        return None


def _webp_exif(path: StrPath) -> PIL.Image.Exif | None:
    """Return the EXIF data of a WebP on an object store; None if the file is no WebP.

    They are at the end of the file, and Pillow would read all of it. Only the heads of the chunks
    are read here. Format: RFC 9649, section 2.
    """
    exif = PIL.Image.Exif()
    with open_stream(path) as stream, as_error(path, "WebP"):
        head = stream.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WEBP":
            return None
        while len(chunk := stream.read(8)) == 8:
            size = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"EXIF":
                exif.load(stream.read(size))
                break
            stream.seek(size + size % 2, 1)
    return exif
