"""Reading picture files as 8-bit RGB pictures."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import PIL.Image
from PIL.ImageFile import ImageFile

from nst_core.errors import PictureWarning
from nst_core.images import truncated
from nst_core.images.decoding import StoredPicture, stored_picture, with_alpha
from nst_core.images.exif import kept_tags
from nst_core.images.opening import CorruptPictureError, as_error, open_stream, opened, reader_of
from nst_core.images.output import DecodedPicture
from nst_core.images.partial import nearly_whole
from nst_core.images.pillow_pictures import standard_picture
from nst_core.images.to_srgb import straight_and_alpha
from nst_core.system.files import StrPath

MAX_PIXELS = 178_956_970
"""The default limit of width x height; the number at which Pillow itself refuses a picture."""


def read(path: StrPath, *, max_pixels: int = MAX_PIXELS) -> PIL.Image.Image:
    """Read a picture of any mode as 8-bit RGB in sRGB.

    Formats: JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC, AVIF; and JPEG XL if pillow-jxl-plugin is
    installed.

    - The format is recognised by the content, not by the extension.
    - The EXIF orientation is applied.
    - Colours are converted from the embedded ICC profile to sRGB; of PNG, also from cICP, gAMA and
      cHRM. A profile that is broken or does not fit the picture is ignored.
    - Transparent pictures are composited over white.
    - Samples of more than 8 bits, signed and floating-point ones are scaled to 8 bits. If the
      range is assumed, a ``PictureWarning`` says so; see ``nst_core.images.sample_range``.
    - If there are several frames or pages, the first is read, but a TIFF's full-size page if the
      first is a preview.
    - A file that lacks its end is read if at most a tenth of the picture is missing, with a
      ``PictureWarning`` that says how much. The missing part repeats the colours next to it. JPEG
      XL has to be whole; HEIC and AVIF are read if their decoders go on after the damage.

    Args:
        path: The file.
        max_pixels: A picture of more pixels (width x height) is refused before it is decoded,
            because a small file could otherwise fill the memory.

    Returns:
        A picture of mode ``RGB`` without metadata.

    Raises:
        PictureError: one line that names the file: it is missing, a directory, empty, not
            readable, not a picture of these formats, damaged, too large, a raw file of a camera,
            or a kind that nst does not read.
    """
    decoded = read_decoded(path, max_pixels=max_pixels)
    for note in decoded.notes:
        warnings.warn(note, PictureWarning, stacklevel=2)
    return decoded.picture


def read_decoded(path: StrPath, *, max_pixels: int = MAX_PIXELS) -> DecodedPicture:
    """Read a picture as ``read`` does, together with its alpha and the EXIF tags that may be kept.

    What ``read`` warns about is in the ``notes`` of the result.

    Args:
        path: The file.
        max_pixels: As for ``read``.

    Raises:
        PictureError: as for ``read``.
    """
    return _read(path, max_pixels=max_pixels).upright()


def _read(path: StrPath, *, max_pixels: int) -> StoredPicture:
    """Read a picture; if the file lacks its end, what there is of it."""
    failure: CorruptPictureError | None = None
    with open_stream(path) as stream:
        its_reader = reader_of(path, stream)
        with as_error(path, its_reader.form):
            short = truncated.lacks_end(stream, its_reader.form)
        if not short:
            try:
                return stored_picture(path, stream, its_reader, max_pixels=max_pixels)
            except CorruptPictureError as error:
                failure = error
        return nearly_whole(path, stream, its_reader, max_pixels=max_pixels, failure=failure)


def decoded(picture: PIL.Image.Image) -> DecodedPicture:
    """Return a user's Pillow picture together with its alpha and EXIF tags.

    What Pillow leaves as it is in the file is applied: see ``nst_core.images.pillow_pictures``. If
    there is no such thing, ``picture`` itself is not converted, whatever its mode.
    """
    standard, notes = standard_picture(picture)
    straight, alpha = straight_and_alpha(standard)
    result = with_alpha(straight, alpha, kept_tags(picture))
    unchanged = standard is picture
    lines = tuple(f"a picture from Pillow: {note}" for note in notes)
    return replace(result, picture=picture if unchanged else result.picture, notes=lines)


@contextmanager
def open_header(path: StrPath) -> Iterator[ImageFile]:
    """Open a picture file and read its header; the pixels are not decoded.

    Yields:
        The picture, whose file is open within the block.

    Raises:
        PictureError: one line that names the file.
    """
    with (
        open_stream(path) as stream,
        opened(path, stream, reader_of(path, stream)) as picture,
    ):
        yield picture
