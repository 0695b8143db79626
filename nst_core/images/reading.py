"""Picture files to 8-bit RGB pictures."""

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
"""Width x height up to which a picture is decoded; where Pillow by itself gives up."""

# The classes, not PIL.Image.open: that one measures every picture against the global
# MAX_IMAGE_PIXELS and warns by the global warning filters, and to change either for the length
# of one call is not safe in threads. The classes only look where they are told to; and a
# telephone's JPEG with further frames (MPO) stays a JPEG.
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
    """Read a JPEG, PNG, WebP, TIFF or BMP picture, whatever its mode, as 8-bit RGB in sRGB.

    The format is told by the content, not the ending. The EXIF orientation is applied, an
    embedded ICC profile is converted to sRGB (a broken or unfitting one is ignored), alpha is
    composited over white, and deep grey is scaled to 8 bits. Of several frames or pages the
    first counts.

    Args:
        path: The file.
        max_pixels: Width x height above which the picture is refused before it is decoded, lest
            a small file fill the memory.

    Returns:
        A picture of mode ``RGB`` without metadata.

    Raises:
        PictureError: one line that names the file: it is missing, a directory, empty, not
            readable, no picture of these formats, damaged, or too large.
    """
    return read_decoded(path, max_pixels=max_pixels).picture


def read_decoded(path: StrPath, *, max_pixels: int = MAX_PIXELS) -> DecodedPicture:
    """Read a picture as ``read`` does, with what a result may keep of it besides the colours."""
    with opened(path) as picture:
        width, height = picture.size
        if width * height > max_pixels:
            raise PictureError(
                f"can't read {display_path(path)}: {width} x {height} pixels are more than "
                f"{max_pixels}; if you trust the file, raise the limit by "
                f"--max-pixels {width * height}"
            )
        with _blaming(path, picture.format):
            _load(picture)
            orientation = _orientation(picture)
            rgb, alpha = colour_and_alpha(picture)
            exif = kept_tags(picture)
    if orientation in _UPRIGHT:
        rgb = rgb.transpose(_UPRIGHT[orientation])
        alpha = None if alpha is None else alpha.transpose(_UPRIGHT[orientation])
    return DecodedPicture(picture=rgb, alpha=alpha, exif=exif)


def decoded(picture: PIL.Image.Image) -> DecodedPicture:
    """Return a user's picture with its alpha and EXIF tags; its colours are left as they are."""
    return DecodedPicture(
        picture=picture, alpha=colour_and_alpha(picture)[1], exif=kept_tags(picture)
    )


@contextmanager
def opened(path: StrPath) -> Iterator[ImageFile]:
    """Open a picture and read its header; the pixels are not decoded.

    Raises:
        PictureError: one line that names the file.
    """
    with _stream(path) as stream:
        plugin = _plugin(path, stream)
        with _blaming(path, plugin.format):
            picture = plugin(stream)
            if 0 in picture.size:
                raise ValueError("it has no pixels")
        yield picture


def _stream(path: StrPath) -> BinaryIO:
    try:
        # To open a pipe may be to wait for its other end for ever, and Pillow goes back and forth.
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise PictureError(
                f"can't read {display_path(path)}: it is a pipe or device; "
                "save the picture to a file"
            )
        return Path(path).open("rb")
    # ValueError: a NUL in the path.
    except (OSError, ValueError) as cause:
        raise PictureError(f"can't read {display_path(path)}: {_refusal(path, cause)}") from cause


def _plugin(path: StrPath, stream: BinaryIO) -> type[ImageFile]:
    """Return Pillow's class for the file by its first bytes, and rewind it."""
    with _blaming(path, None):
        start = stream.read(12)
        stream.seek(0)
    if not start:
        raise PictureError(f"can't read {display_path(path)}: the file is empty; get a fresh copy")
    for signature, plugin in _PLUGINS:
        # RIFF is also the beginning of sound and video.
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
        # While it allocates, and only then, Pillow's TIFF class asks the global limit too. It
        # takes memory that is there already, of the size before it turns the picture upright.
        size = (picture.tag_v2[_IMAGE_WIDTH], picture.tag_v2[_IMAGE_LENGTH])
        picture.im = PIL.Image.new(picture.mode, size).im
    with silent():
        picture.load()


def _orientation(picture: ImageFile) -> int:
    """Return the EXIF orientation 1...8 that is still to be applied (Pillow does it for TIFF)."""
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    # Pillow raises nearly anything over damaged EXIF data; the pixels are good all the same.
    except Exception:
        return 1


@contextmanager
def _blaming(path: StrPath, form: str | None) -> Iterator[None]:
    """Turn whatever Pillow raises over damaged data into one line; the cause stays attached."""
    try:
        yield
    except MemoryError as cause:
        raise PictureError(
            f"can't read {display_path(path)}: not enough memory to decode it; "
            "use a smaller picture"
        ) from cause
    # WebP alone is measured by Pillow's global limit, twice MAX_IMAGE_PIXELS, while it is opened.
    except PIL.Image.DecompressionBombError as cause:
        raise PictureError(
            f"can't read {display_path(path)}: more pixels than Pillow decodes from {form}; "
            "convert it to PNG or make it smaller"
        ) from cause
    # Not a list of types: over damaged data Pillow raises OSError, SyntaxError, ValueError,
    # TypeError, IndexError, KeyError, EOFError, struct.error, zlib.error and its own.
    except Exception as cause:
        reason = " ".join(str(cause).split())[:120] or type(cause).__name__
        raise PictureError(
            f"can't read {display_path(path)}: truncated or corrupt {form or 'file'} ({reason}); "
            "get a fresh copy"
        ) from cause


def _refusal(path: StrPath, cause: OSError | ValueError) -> str:
    """Say in one line why the file can't be opened, and what to do."""
    # Not Path.is_dir, which raises where a directory above can't be searched.
    if os.path.isdir(path):  # noqa: PTH112
        return "it is a directory; name one picture"
    if isinstance(cause, PermissionError):
        return "no permission; make the file and its directories readable"
    if isinstance(cause, FileNotFoundError | NotADirectoryError | ValueError):
        return "no such file; check the path"
    return f"{' '.join(str(cause.strerror or cause).split())}; check the path"
