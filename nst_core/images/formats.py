"""The formats that are read, recognised by their first bytes, and the classes that read them."""

from __future__ import annotations

import PIL.features
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from nst_core.images.jpeg_xl import JpegXLImageFile

NAMES = "JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC, AVIF or JPEG XL"
"""The formats, for messages."""

START = 64
"""The number of bytes that ``reader`` needs."""

Reader = type[ImageFile]

# We call Pillow's format classes and not PIL.Image.open. That function compares every picture with
# the global MAX_IMAGE_PIXELS and warns through the global warning filters. Changing either during
# one call is not safe in threads. With the classes, only these formats are tried; and a JPEG of a
# telephone that holds further frames (MPO) is read as a JPEG.
_CLASSES = (
    (b"\xff\xd8\xff", JpegImageFile),
    (b"\x89PNG\r\n\x1a\n", PngImageFile),
    (b"II*\0", TiffImageFile),
    (b"MM\0*", TiffImageFile),
    (b"II+\0", TiffImageFile),
    (b"MM\0+", TiffImageFile),
    (b"BM", BmpImageFile),
    (b"GIF87a", GifImageFile),
    (b"GIF89a", GifImageFile),
    (b"\xff\x0a", JpegXLImageFile),
    (b"\0\0\0\x0cJXL \r\n\x87\n", JpegXLImageFile),
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_ANY_CODEC = frozenset({b"mif1", b"msf1"})
_HEIF_BRANDS = _ANY_CODEC | {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}


class MissingReaderError(Exception):
    """The package that reads a format is not installed. The message says how to install it."""


def reader(start: bytes) -> Reader | None:
    """Return the class that reads a file; None if the format is not known.

    Args:
        start: The first ``START`` bytes of the file.

    Raises:
        MissingReaderError: the class is in a package that is not installed.
    """
    for signature, its_class in _CLASSES:
        if start.startswith(signature):
            return its_class
    # Sound and video files may begin with RIFF or with ftyp, too.
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return WebPImageFile
    if start[4:8] == b"ftyp":
        return _of_brands(start)
    return None


def _of_brands(start: bytes) -> Reader | None:
    """Return the class for an ISO base media file, whose first box lists brands."""
    end = int.from_bytes(start[:4], "big")
    major = start[8:12]
    brands = {major, *(start[at : at + 4] for at in range(16, min(end, len(start)), 4))}
    if major in _AVIF_BRANDS or (major in _ANY_CODEC and brands & _AVIF_BRANDS):
        return _avif()
    return _heif() if brands & _HEIF_BRANDS else None


def _avif() -> Reader:
    if not PIL.features.check("avif"):
        raise MissingReaderError(
            "this Pillow was built without AVIF; install its own wheel: "
            "pip install --force-reinstall --only-binary :all: pillow"
        )
    return AvifImageFile


def _heif() -> Reader:
    try:
        # Loaded when it is needed: it brings C libraries.
        from pi_heif import HeifImageFile  # noqa: PLC0415
    except ImportError as cause:
        raise MissingReaderError("HEIC needs a reader; pip install pi-heif") from cause
    found: Reader = HeifImageFile
    return found
