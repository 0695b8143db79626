"""Reading picture files as 8-bit RGB pictures."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import PIL.Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from nst_core.errors import PictureError
from nst_core.images.exif import kept_tags
from nst_core.images.libtiff import silent
from nst_core.images.output import DecodedPicture
from nst_core.images.to_srgb import colour_and_alpha
from nst_core.system.files import StrPath, display_path

MAX_PIXELS = 178_956_970
"""The default limit of width x height; the number at which Pillow itself refuses a picture."""

# We call Pillow's format classes and not PIL.Image.open. That function compares every picture with
# the global MAX_IMAGE_PIXELS and warns through the global warning filters. Changing either during
# one call is not safe in threads. With the classes, only these formats are tried; and a JPEG of a
# telephone that holds further frames (MPO) is read as a JPEG.
_PLUGINS = (
    (b"\xff\xd8\xff", JpegImageFile),
    (b"\x89PNG\r\n\x1a\n", PngImageFile),
    (b"RIFF", WebPImageFile),
    (b"II*\0", TiffImageFile),
    (b"MM\0*", TiffImageFile),
    (b"II+\0", TiffImageFile),
    (b"MM\0+", TiffImageFile),
    (b"BM", BmpImageFile),
)

_IMAGE_WIDTH, _IMAGE_LENGTH, _ORIENTATION = 256, 257, 274
_UPRIGHT = MappingProxyType(
    {
        2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
        3: PIL.Image.Transpose.ROTATE_180,
        4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
        5: PIL.Image.Transpose.TRANSPOSE,
        6: PIL.Image.Transpose.ROTATE_270,
        7: PIL.Image.Transpose.TRANSVERSE,
        8: PIL.Image.Transpose.ROTATE_90,
    }
)


def read(path: StrPath, *, max_pixels: int = MAX_PIXELS) -> PIL.Image.Image:
    """Read a JPEG, PNG, WebP, TIFF or BMP picture of any mode as 8-bit RGB in sRGB.

    - The format is recognised by the content, not by the extension.
    - The EXIF orientation is applied.
    - Colours are converted from the embedded ICC profile to sRGB. A profile that is broken or does
      not fit the picture is ignored.
    - Transparent pictures are composited over white.
    - Grey of more than 8 bits is scaled to 8 bits.
    - If there are several frames or pages, the first is read.

    Args:
        path: The file.
        max_pixels: A picture of more pixels (width x height) is refused before it is decoded,
            because a small file could otherwise fill the memory.

    Returns:
        A picture of mode ``RGB`` without metadata.

    Raises:
        PictureError: one line that names the file: it is missing, a directory, empty, not
            readable, not a picture of these formats, damaged, or too large.
    """
    return read_decoded(path, max_pixels=max_pixels).picture


def read_decoded(path: StrPath, *, max_pixels: int = MAX_PIXELS) -> DecodedPicture:
    """Read a picture as ``read`` does, together with its alpha and the EXIF tags that may be kept.

    Args:
        path: The file.
        max_pixels: As for ``read``.

    Raises:
        PictureError: as for ``read``.
    """
    with open_header(path) as picture:
        width, height = picture.size
        if width * height > max_pixels:
            raise PictureError(
                f"can't read {display_path(path)}: {width} x {height} pixels are more than "
                f"{max_pixels}; if you trust the file, raise the limit by "
                f"--max-pixels {width * height}"
            )
        with _as_error(path, picture.format):
            _load(picture)
            orientation = _orientation(picture)
            rgb, alpha = colour_and_alpha(picture)
            exif = kept_tags(picture)
    if orientation in _UPRIGHT:
        rgb = rgb.transpose(_UPRIGHT[orientation])
        alpha = None if alpha is None else alpha.transpose(_UPRIGHT[orientation])
    return DecodedPicture(picture=rgb, alpha=alpha, exif=exif)


def decoded(picture: PIL.Image.Image) -> DecodedPicture:
    """Return a user's Pillow picture together with its alpha and EXIF tags.

    ``picture`` itself is not converted, whatever its mode.
    """
    return DecodedPicture(
        picture=picture, alpha=colour_and_alpha(picture)[1], exif=kept_tags(picture)
    )


@contextmanager
def open_header(path: StrPath) -> Iterator[ImageFile]:
    """Open a picture file and read its header; the pixels are not decoded.

    Yields:
        The picture, whose file is open within the block.

    Raises:
        PictureError: one line that names the file.
    """
    with _stream(path) as stream:
        plugin = _plugin(path, stream)
        with _as_error(path, plugin.format):
            picture = plugin(stream)
            if 0 in picture.size:
                raise ValueError("it has no pixels")
        yield picture


def _stream(path: StrPath) -> BinaryIO:
    """Open a file for reading; directories and everything that is not a file are refused."""
    try:
        # Opening a pipe may wait for a writer for ever, and Pillow has to seek.
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise PictureError(
                f"can't read {display_path(path)}: it is a pipe or device; "
                "save the picture to a file"
            )
        return Path(path).open("rb")
    # ValueError: a NUL in the path.
    except (OSError, ValueError) as cause:
        raise PictureError(f"can't read {display_path(path)}: {_reason(path, cause)}") from cause


def _plugin(path: StrPath, stream: BinaryIO) -> type[ImageFile]:
    """Return Pillow's class for the format that the first bytes tell; leave the stream at 0."""
    with _as_error(path, None):
        start = stream.read(12)
        stream.seek(0)
    if not start:
        raise PictureError(f"can't read {display_path(path)}: the file is empty; get a fresh copy")
    for signature, plugin in _PLUGINS:
        # Sound and video files may begin with RIFF, too.
        if start.startswith(signature) and (signature != b"RIFF" or start[8:] == b"WEBP"):
            return plugin
    raise PictureError(
        f"can't read {display_path(path)}: not a JPEG, PNG, WebP, TIFF or BMP picture; "
        "convert it to one of these"
    )


def _load(picture: ImageFile) -> None:
    """Decode the pixels."""
    limit = PIL.Image.MAX_IMAGE_PIXELS
    if isinstance(picture, TiffImageFile) and limit and picture.width * picture.height > limit:
        # Pillow's TIFF class compares the size with the global limit, too, but only when it
        # allocates the picture. It does not if there is one already, of the size that the picture
        # has before it is turned upright.
        size = (picture.tag_v2[_IMAGE_WIDTH], picture.tag_v2[_IMAGE_LENGTH])
        picture.im = PIL.Image.new(picture.mode, size).im
    with silent():
        picture.load()


def _orientation(picture: ImageFile) -> int:
    """Return the EXIF orientation, 1...8, that is not applied yet: Pillow applies that of TIFF."""
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    # With damaged EXIF data Pillow raises errors of nearly any type. The pixels may still be good.
    except Exception:
        return 1


@contextmanager
def _as_error(path: StrPath, form: str | None) -> Iterator[None]:
    """Turn any error that Pillow raises in the block into a ``PictureError`` of one line."""
    try:
        yield
    except MemoryError as cause:
        raise PictureError(
            f"can't read {display_path(path)}: not enough memory to decode it; "
            "use a smaller picture"
        ) from cause
    # Only Pillow's WebP class checks the global limit, twice MAX_IMAGE_PIXELS, on opening a file.
    except PIL.Image.DecompressionBombError as cause:
        raise PictureError(
            f"can't read {display_path(path)}: more pixels than Pillow decodes from {form}; "
            "convert it to PNG or make it smaller"
        ) from cause
    # A list of types would be too long: with damaged data Pillow raises OSError, SyntaxError,
    # ValueError, TypeError, IndexError, KeyError, EOFError, struct.error, zlib.error and its own.
    except Exception as cause:
        reason = " ".join(str(cause).split())[:120] or type(cause).__name__
        raise PictureError(
            f"can't read {display_path(path)}: truncated or corrupt {form or 'file'} ({reason}); "
            "get a fresh copy"
        ) from cause


def _reason(path: StrPath, cause: OSError | ValueError) -> str:
    """Return in one line why the file can't be opened, and what to do."""
    # Not Path.is_dir, which raises an error if a parent directory may not be searched.
    if os.path.isdir(path):  # noqa: PTH112
        return "it is a directory; name one picture"
    if isinstance(cause, PermissionError):
        return "no permission; make the file and its directories readable"
    if isinstance(cause, FileNotFoundError | NotADirectoryError | ValueError):
        return "no such file; check the path"
    return f"{' '.join(str(cause.strerror or cause).split())}; check the path"
