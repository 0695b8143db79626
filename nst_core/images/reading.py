"""Reading picture files as 8-bit RGB pictures."""

from __future__ import annotations

import io
import os
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from nst_core.errors import PictureError, PictureWarning
from nst_core.images import truncated
from nst_core.images.exif import Tags, kept_tags
from nst_core.images.formats import NAMES, START, MissingReaderError, Reader, reader
from nst_core.images.jpeg_xl import JpegXLReaderMissingError
from nst_core.images.libtiff import silent
from nst_core.images.output import DecodedPicture
from nst_core.images.to_srgb import over_white, straight_and_alpha
from nst_core.images.truncated.filling import differing, fill
from nst_core.system.files import StrPath, display_path

MAX_PIXELS = 178_956_970
"""The default limit of width x height; the number at which Pillow itself refuses a picture."""

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


class CorruptPictureError(PictureError):
    """The content of a file can't be decoded as a picture of its format."""


def read(path: StrPath, *, max_pixels: int = MAX_PIXELS) -> PIL.Image.Image:
    """Read a picture of any mode as 8-bit RGB in sRGB.

    Formats: JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC, AVIF; and JPEG XL if pillow-jxl-plugin is
    installed.

    - The format is recognised by the content, not by the suffix.
    - The EXIF orientation is applied.
    - Colours are converted from the embedded ICC profile to sRGB. A profile that is broken or does
      not fit the picture is ignored.
    - Transparent pictures are composited over white.
    - Grey of more than 8 bits is scaled to 8 bits.
    - If there are several frames or pages, the first is read.
    - A file that lacks its end is read if at most a tenth of the picture is missing, with a
      ``PictureWarning`` that says how much. The missing part repeats the colours next to it. HEIC,
      AVIF and JPEG XL have to be whole.

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
    with _stream(path) as stream:
        plugin = _plugin(path, stream)
        return _read(path, stream, plugin, max_pixels=max_pixels)


def _read(path: StrPath, stream: BinaryIO, plugin: Reader, *, max_pixels: int) -> DecodedPicture:
    """Read a picture; if the file lacks its end, what there is of it."""
    form = plugin.format or ""
    with _as_error(path, form):
        short = truncated.lacks_end(stream, form)
    failure: CorruptPictureError | None = None
    if not short:
        try:
            return _upright(_stored(path, stream, plugin, max_pixels=max_pixels))
        except CorruptPictureError as error:
            failure = error
    stored, share = _nearly_whole(path, stream, plugin, max_pixels, failure)
    if share is not None:
        missing = f"{max(share, 0.001):.1%} of the picture is missing" if share else "no pixel is"
        warnings.warn(
            f"{display_path(path)} lacks its end: {missing}; get a fresh copy",
            PictureWarning,
            stacklevel=3,
        )
    return _upright(stored)


def _nearly_whole(
    path: StrPath,
    stream: BinaryIO,
    plugin: Reader,
    max_pixels: int,
    failure: CorruptPictureError | None,
) -> tuple[_Stored, float | None]:
    """Return what a truncated file holds, and the missing share; None if it is not truncated.

    Raises:
        PictureError: ``failure`` if the file is not truncated or can't be read in part; another if
            it lacks more than a tenth, or has too many pixels.
    """
    form = plugin.format or ""
    if plugin is not WebPImageFile:  # whose class opens whole files only
        with _opened(path, stream, plugin) as picture:
            _check_size(path, picture, max_pixels)
    with _as_error(path, form):
        stream.seek(0)
        data = stream.read()

    def stored(content: bytes) -> _Stored:
        return _stored(path, io.BytesIO(content), plugin, max_pixels=max_pixels)

    try:
        completed = truncated.complete(data, form)
        if completed is None:
            if failure:
                raise failure
            return stored(data), None
        found = stored(completed.data)
        if completed.share is not None:
            return found, completed.share
        return _compared(found, completed, stored)
    except truncated.TooMuchMissingError as cause:
        raise CorruptPictureError(
            f"can't read {display_path(path)}: truncated or corrupt {form} ({cause.share:.0%} of "
            "the picture is missing); get a fresh copy"
        ) from cause


def _compared(
    found: _Stored, completed: truncated.Completed, stored: Callable[[bytes], _Stored]
) -> tuple[_Stored, float]:
    """Measure what is missing as what differs, and fill it with the colours above.

    Raises:
        TooMuchMissingError: if it is more than a tenth.
        CorruptPictureError: if no other completion can be decoded.
    """
    failure: CorruptPictureError | None = None
    for other in completed.others:
        try:
            missing = differing(found.channels(), stored(other).channels())
        except CorruptPictureError as error:
            failure = error
            continue
        share = completed.measured(float(missing.mean()))
        return found if completed.last_scan else found.filled(missing), share
    raise failure or AssertionError("a completion to compare with")


@dataclass(frozen=True, slots=True)
class _Stored:
    """A picture as the file stores it, before it is turned upright."""

    straight: PIL.Image.Image
    alpha: PIL.Image.Image | None
    exif: Tags | None
    orientation: int

    def channels(self) -> tuple[PIL.Image.Image, ...]:
        """Return colours and alpha as single channels."""
        return (*self.straight.split(), *(() if self.alpha is None else (self.alpha,)))

    def filled(self, missing: NDArray[np.bool_]) -> _Stored:
        """Return the picture with pixels (H, W) replaced by the last ones above them."""
        alpha = None if self.alpha is None else fill(self.alpha, missing)
        return replace(self, straight=fill(self.straight, missing), alpha=alpha)


def _stored(path: StrPath, stream: BinaryIO, plugin: Reader, *, max_pixels: int) -> _Stored:
    """Open and decode a picture, unless it has too many pixels."""
    with _opened(path, stream, plugin) as picture:
        _check_size(path, picture, max_pixels)
        with _as_error(path, picture.format):
            _load(picture)
            orientation = _orientation(picture)
            straight, alpha = straight_and_alpha(picture)
            exif = kept_tags(picture)
    return _Stored(straight, alpha, exif, orientation)


def _check_size(path: StrPath, picture: ImageFile, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise PictureError(
            f"can't read {display_path(path)}: {width} x {height} pixels are more than "
            f"{max_pixels}; if you trust the file, raise the limit by "
            f"--max-pixels {width * height}"
        )


def _upright(stored: _Stored) -> DecodedPicture:
    straight, alpha = stored.straight, stored.alpha
    if stored.orientation in _UPRIGHT:
        straight = straight.transpose(_UPRIGHT[stored.orientation])
        alpha = None if alpha is None else alpha.transpose(_UPRIGHT[stored.orientation])
    return _decoded(straight, alpha, stored.exif)


def _decoded(
    straight: PIL.Image.Image, alpha: PIL.Image.Image | None, exif: Tags | None
) -> DecodedPicture:
    return DecodedPicture(
        picture=over_white(straight, alpha),
        alpha=alpha,
        straight=None if alpha is None else straight,
        exif=exif,
    )


def decoded(picture: PIL.Image.Image) -> DecodedPicture:
    """Return a user's Pillow picture together with its alpha and EXIF tags.

    ``picture`` itself is not converted, whatever its mode.
    """
    straight, alpha = straight_and_alpha(picture)
    return replace(_decoded(straight, alpha, kept_tags(picture)), picture=picture)


@contextmanager
def open_header(path: StrPath) -> Iterator[ImageFile]:
    """Open a picture file and read its header; the pixels are not decoded.

    Yields:
        The picture, whose file is open within the block.

    Raises:
        PictureError: one line that names the file.
    """
    with _stream(path) as stream, _opened(path, stream, _plugin(path, stream)) as picture:
        yield picture


@contextmanager
def _opened(path: StrPath, stream: BinaryIO, plugin: Reader) -> Iterator[ImageFile]:
    """Read the header of a picture from its beginning."""
    with _as_error(path, plugin.format):
        stream.seek(0)
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


def _plugin(path: StrPath, stream: BinaryIO) -> Reader:
    """Return the class for the format that the first bytes tell."""
    with _as_error(path, None):
        start = stream.read(START)
    if not start:
        raise PictureError(f"can't read {display_path(path)}: the file is empty; get a fresh copy")
    try:
        plugin = reader(start)
    except MissingReaderError as cause:
        raise PictureError(f"can't read {display_path(path)}: {cause}") from cause
    if plugin is None:
        raise PictureError(
            f"can't read {display_path(path)}: not a {NAMES} picture; convert it to one of these"
        )
    return plugin


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
    except JpegXLReaderMissingError as cause:
        raise PictureError(f"can't read {display_path(path)}: {cause}") from cause
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
        raise CorruptPictureError(
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
