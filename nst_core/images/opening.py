"""Opening picture files, and every error of opening and decoding as one line."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import PIL.Image
from PIL.ImageFile import ImageFile

from nst_core.errors import PictureError
from nst_core.images.formats import NAMES, START, Reader, reader
from nst_core.images.unsupported import UnsupportedKindError
from nst_core.system import storage
from nst_core.system.files import StrPath, display_path
from nst_core.system.storage import StorageError


class CorruptPictureError(PictureError):
    """The content of a file can't be decoded as a picture of its format."""


def open_stream(path: StrPath) -> BinaryIO:
    """Open a file for reading; directories and everything that is not a file are refused.

    Of the object of a URL only the parts that are read are asked for.
    """
    if storage.is_url(path):
        try:
            return storage.open_head(str(path))
        except StorageError as cause:
            raise PictureError(str(cause)) from cause
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


def reader_of(path: StrPath, stream: BinaryIO) -> Reader:
    """Return what opens the format that the first bytes tell."""
    with as_error(path, None):
        start = stream.read(START)
        found = reader(start) if start else None
    if not start:
        raise PictureError(f"can't read {display_path(path)}: the file is empty; get a fresh copy")
    if found is None:
        raise PictureError(
            f"can't read {display_path(path)}: not a {NAMES} picture; convert it to one of these"
        )
    return found


@contextmanager
def opened(path: StrPath, stream: BinaryIO, its_reader: Reader) -> Iterator[ImageFile]:
    """Read the header of a picture from the beginning of a stream."""
    with as_error(path, its_reader.form):
        stream.seek(0)
        picture = its_reader.open(stream)
        if 0 in picture.size:
            raise ValueError("it has no pixels")
    yield picture


def check_size(path: StrPath, picture: PIL.Image.Image, max_pixels: int) -> None:
    """Check the number of pixels, before they are decoded.

    Raises:
        PictureError: if there are more than ``max_pixels``.
    """
    width, height = picture.size
    if width * height > max_pixels:
        raise PictureError(
            f"can't read {display_path(path)}: {width} x {height} pixels are more than "
            f"{max_pixels}; if you trust the file, raise the limit by "
            f"--max-pixels {width * height}"
        )


@contextmanager
def as_error(path: StrPath, form: str | None) -> Iterator[None]:
    """Turn any error that a decoder raises in the block into a ``PictureError`` of one line."""
    try:
        yield
    except PictureError:
        raise
    except MemoryError as cause:
        raise PictureError(
            f"can't read {display_path(path)}: not enough memory to decode it; "
            "use a smaller picture"
        ) from cause
    except UnsupportedKindError as cause:
        raise PictureError(f"can't read {display_path(path)}: {cause}") from cause
    # Pillow's WebP and GIF classes check the global limit, twice MAX_IMAGE_PIXELS, on opening.
    except PIL.Image.DecompressionBombError as cause:
        raise PictureError(
            f"can't read {display_path(path)}: more pixels than Pillow decodes from {form}; "
            "convert it to PNG or make it smaller"
        ) from cause
    # A list of types would be too long: with damaged data Pillow raises OSError, SyntaxError,
    # ValueError, TypeError, IndexError, KeyError, EOFError, struct.error, zlib.error and its own.
    except Exception as cause:
        reason = " ".join(str(cause).split())[:120] or type(cause).__name__
        raise corrupt(path, form, reason) from cause


def corrupt(path: StrPath, form: str | None, reason: str) -> CorruptPictureError:
    """Return the error for a file whose content can't be decoded."""
    return CorruptPictureError(
        f"can't read {display_path(path)}: truncated or corrupt {form or 'file'} ({reason}); "
        "get a fresh copy"
    )


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
