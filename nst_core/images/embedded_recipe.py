"""The recipe that a picture carries: the spec it was made by, as TOML, in its EXIF data.

One mechanism for every format: the tag ImageDescription (270) holds the text in UTF-8, and the
tag Software (305) says ``nst``, so that a camera's or an editor's description is not taken for a
recipe. Both lie in the first directory (IFD0) of the EXIF data, in PNG's ``eXIf`` chunk, in
JPEG's APP1 segment, in WebP's ``EXIF`` chunk; a TIFF has them as tags of its own. UserComment
would be the other candidate, but lies in a subdirectory, which Pillow can't write into a
compressed TIFF.
"""

from __future__ import annotations

import PIL.Image
from PIL.TiffImagePlugin import TiffImageFile

from nst_core.errors import PictureError
from nst_core.images.reading import opened
from nst_core.system.files import StrPath, display_path

_DESCRIPTION, _SOFTWARE = 270, 305
_NAME = "nst"


def add_recipe(exif: PIL.Image.Exif, recipe: str) -> None:
    """Put the recipe into EXIF data.

    Raises:
        PictureError: if the text can't be stored: it holds a NUL (which TOML forbids) or half a
            surrogate pair.
    """
    try:
        text = recipe.encode("utf-8")
    except UnicodeEncodeError as cause:
        raise PictureError("the recipe is not Unicode text: write it as UTF-8") from cause
    if b"\0" in text:
        raise PictureError("the recipe holds a NUL character: TOML allows none")
    exif[_DESCRIPTION] = text
    exif[_SOFTWARE] = _NAME


def read_recipe(path: StrPath) -> str:
    """Return the recipe that ``write`` put into a picture, character by character.

    Only the header is read, whatever the number of pixels.

    Raises:
        PictureError: one line that names the file: it can't be read as a picture (see ``read``),
            or holds no recipe.
    """
    with opened(path) as picture:
        recipe = _recipe(picture)
    if recipe is None:
        raise PictureError(
            f"can't read a recipe from {display_path(path)}: it holds none; "
            "only pictures written by nst and not edited since do"
        )
    return recipe


def _recipe(picture: PIL.Image.Image) -> str | None:
    # Asked for EXIF data that a PNG's header lacks, Pillow would decode the pixels to find them.
    if "exif" not in picture.info and not isinstance(picture, TiffImageFile):
        return None
    try:
        exif = picture.getexif()
        if exif.get(_SOFTWARE) != _NAME:
            return None
        # Pillow takes the tag's bytes for Latin-1.
        return str(exif[_DESCRIPTION]).encode("latin-1").decode("utf-8")
    # Damaged EXIF data: Pillow raises nearly anything, and there is no recipe to be had.
    except Exception:
        return None
