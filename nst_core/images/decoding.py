"""Decoding the pixels of a picture file, as the file stores them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from nst_core.images.code_points import applied
from nst_core.images.exif import Tags, kept_tags
from nst_core.images.formats import Reader
from nst_core.images.libtiff import silent
from nst_core.images.opening import as_error, check_size, opened
from nst_core.images.orientation import ORIENTATION_INFO
from nst_core.images.output import DecodedPicture
from nst_core.images.standard import as_standard
from nst_core.images.to_srgb import over_white, straight_and_alpha
from nst_core.images.truncated.filling import fill
from nst_core.system.files import StrPath, display_path

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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """A picture as its file stores it, before it is turned upright.

    Attributes:
        straight: Mode ``RGB``, in sRGB, not multiplied by alpha.
        alpha: Mode ``L``; None if the picture has no transparency.
        exif: The EXIF tags that a result may keep.
        orientation: 1...8, as in EXIF; what remains to be done.
        notes: Lines for the user, with the file's name, about what was assumed, ignored or missing.
    """

    straight: PIL.Image.Image
    alpha: PIL.Image.Image | None
    exif: Tags | None
    orientation: int
    notes: tuple[str, ...] = ()

    def channels(self) -> tuple[PIL.Image.Image, ...]:
        """Return colours and alpha as single channels."""
        return (*self.straight.split(), *(() if self.alpha is None else (self.alpha,)))

    def filled(self, missing: NDArray[np.bool_]) -> StoredPicture:
        """Return the picture with pixels (H, W) replaced by the last ones above them."""
        alpha = None if self.alpha is None else fill(self.alpha, missing)
        return replace(self, straight=fill(self.straight, missing), alpha=alpha)

    def upright(self) -> DecodedPicture:
        """Return the picture, turned upright."""
        straight, alpha = self.straight, self.alpha
        if self.orientation in _UPRIGHT:
            straight = straight.transpose(_UPRIGHT[self.orientation])
            alpha = None if alpha is None else alpha.transpose(_UPRIGHT[self.orientation])
        return replace(with_alpha(straight, alpha, self.exif), notes=self.notes)


def with_alpha(
    straight: PIL.Image.Image, alpha: PIL.Image.Image | None, exif: Tags | None
) -> DecodedPicture:
    """Return a picture of straight colours and alpha, with the colours over white as well."""
    return DecodedPicture(
        picture=over_white(straight, alpha),
        alpha=alpha,
        straight=None if alpha is None else straight,
        exif=exif,
    )


def stored_picture(
    path: StrPath, stream: BinaryIO, its_reader: Reader, *, max_pixels: int
) -> StoredPicture:
    """Open and decode a picture.

    Args:
        path: The file's name, for messages.
        stream: The file, or its content completed.
        its_reader: What reads it.
        max_pixels: A picture of more pixels is refused before it is decoded.

    Raises:
        PictureError: one line that names the file.
    """
    with opened(path, stream, its_reader) as picture:
        check_size(path, picture, max_pixels)
        with as_error(path, its_reader.form):
            # Some of Pillow's classes give their file away when they have decoded.
            source = picture.fp or stream
            _forget_xmp(picture)  # Pillow turns a TIFF when it decodes it
            _load(picture)
            _forget_xmp(picture)  # that of a PNG may come after the pixels
            orientation = _orientation(picture)
            exif = kept_tags(picture)
            standard, notes = as_standard(picture, source)
            straight, alpha = straight_and_alpha(standard)
            straight, more = applied(straight, picture)
    return StoredPicture(
        straight=straight,
        alpha=alpha,
        exif=exif,
        orientation=orientation,
        notes=tuple(f"{display_path(path)}: {note}" for note in (*notes, *more)),
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


def _forget_xmp(picture: ImageFile) -> None:
    """Remove XMP data, whose orientation Pillow takes if EXIF has none.

    Viewers go by EXIF alone. Programs that turn a picture and drop its EXIF data often leave XMP.
    """
    for key in ("xmp", "XML:com.adobe.xmp"):
        picture.info.pop(key, None)


def _orientation(picture: ImageFile) -> int:
    """Return the orientation, 1...8, that is not applied yet: Pillow applies that of TIFF."""
    if ORIENTATION_INFO in picture.info:
        return int(picture.info[ORIENTATION_INFO])
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    # With damaged EXIF data Pillow raises errors of nearly any type. The pixels may still be good.
    except Exception:
        return 1
