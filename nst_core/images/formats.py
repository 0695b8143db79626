"""The formats that are read, recognised by their first bytes, and what opens them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import PIL.features
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from nst_core.images.code_points import NCLX_INFO, code_points
from nst_core.images.jpeg_xl import JpegXLImageFile
from nst_core.images.orientation import ORIENTATION_INFO
from nst_core.images.tiff import open_tiff
from nst_core.images.tiff_directory import refuse_raw_signature
from nst_core.images.unsupported import UnsupportedKindError

NAMES = "JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC, AVIF or JPEG XL"
"""The formats, for messages."""

READ_EXTENSIONS = frozenset(
    {
        ".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif",
        ".avif", ".jxl",
    }
)  # fmt: skip
"""The usual extensions of files of these formats, in lower case. Reading doesn't need them."""

START = 64
"""The number of bytes that ``reader`` needs."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads a format.

    Attributes:
        form: The format's name.
        open: Reads the header.
    """

    form: str
    open: Callable[[BinaryIO], ImageFile]


def _open_avif(stream: BinaryIO) -> ImageFile:
    """Open an AVIF picture; keep its EXIF data as they are in the file.

    Pillow writes the orientation of the container into the EXIF data, which encodes texts anew.
    """
    if not PIL.features.check("avif"):
        raise UnsupportedKindError(
            "this Pillow was built without AVIF; install its own wheel by "
            "pip install --force-reinstall --only-binary :all: pillow"
        )
    points = code_points(stream)
    stream.seek(0)
    picture = AvifImageFile(stream)
    if points:
        picture.info[NCLX_INFO] = points
    try:
        *_, exif, orientation, _ = picture._decoder.get_info()
        orientation = int(orientation)
    # Pillow is free to change what is private.
    except (AttributeError, TypeError, ValueError):
        return picture
    picture.info[ORIENTATION_INFO] = orientation
    if exif:
        picture.info["exif"] = exif
    return picture


def _open_heif(stream: BinaryIO) -> ImageFile:
    """Open a HEIC picture. libheif turns it upright as the container says; EXIF doesn't count."""
    try:
        # Loaded when it is needed: it brings C libraries.
        from pi_heif import HeifImageFile  # noqa: PLC0415
    except ImportError as cause:
        raise UnsupportedKindError("HEIC needs a reader; pip install pi-heif") from cause
    picture: ImageFile = HeifImageFile(stream)
    picture.info[ORIENTATION_INFO] = 1
    return picture


# We call Pillow's format classes and not PIL.Image.open. That function compares every picture with
# the global MAX_IMAGE_PIXELS and warns through the global warning filters. Changing either during
# one call is not safe in threads. With the classes, only these formats are tried; and a JPEG of a
# telephone that holds further frames (MPO) is read as a JPEG.
_JPEG, _PNG = Reader("JPEG", JpegImageFile), Reader("PNG", PngImageFile)
_WEBP, _TIFF = Reader("WEBP", WebPImageFile), Reader("TIFF", open_tiff)
_BMP, _GIF = Reader("BMP", BmpImageFile), Reader("GIF", GifImageFile)
_AVIF, _HEIF = Reader("AVIF", _open_avif), Reader("HEIC", _open_heif)
_JPEG_XL = Reader("JPEG XL", JpegXLImageFile)
_SIGNATURES = (
    (b"\xff\xd8\xff", _JPEG),
    (b"\x89PNG\r\n\x1a\n", _PNG),
    (b"II*\0", _TIFF),
    (b"MM\0*", _TIFF),
    (b"II+\0", _TIFF),
    (b"MM\0+", _TIFF),
    (b"BM", _BMP),
    (b"GIF87a", _GIF),
    (b"GIF89a", _GIF),
    (b"\xff\x0a", _JPEG_XL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", _JPEG_XL),
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_ANY_CODEC = frozenset({b"mif1", b"msf1"})
_HEIF_BRANDS = _ANY_CODEC | {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}


def reader(start: bytes) -> Reader | None:
    """Return what reads a file; None if the format is not known.

    Args:
        start: The first ``START`` bytes of the file.

    Raises:
        UnsupportedKindError: it is a raw file of a camera.
    """
    refuse_raw_signature(start)
    for signature, its_reader in _SIGNATURES:
        if start.startswith(signature):
            return its_reader
    # Sound and video files may begin with RIFF or with ftyp, too.
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return _WEBP
    return _of_brands(start) if start[4:8] == b"ftyp" else None


def _of_brands(start: bytes) -> Reader | None:
    """Return the reader of an ISO base media file, whose first box lists brands."""
    end, major = int.from_bytes(start[:4], "big"), start[8:12]
    brands = {major, *(start[at : at + 4] for at in range(16, min(end, len(start)), 4))}
    if major in _AVIF_BRANDS or (major in _ANY_CODEC and brands & _AVIF_BRANDS):
        return _AVIF
    return _HEIF if brands & _HEIF_BRANDS else None
