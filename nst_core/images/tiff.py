"""Opening TIFF files: the page that holds the picture, and layouts that Pillow doesn't read.

Pillow decodes what it decodes rightly. nst decodes the rest at full depth: floating-point and
signed samples, samples of more than 8 bits in planes of their own (Pillow mixes the planes up), and
whatever Pillow refuses (e.g. 16-bit grey with alpha, 32-bit RGB, CMYK with alpha, odd depths).
"""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile
from typing_extensions import override

from nst_core.images import tiff_samples
from nst_core.images.sample_range import scaled
from nst_core.images.tiff_directory import (
    DAMAGE,
    ORIENTATION,
    TEXT_TAGS,
    Directory,
    as_first_page,
    picture_page,
)
from nst_core.images.tiff_layout import (
    COLOURS,
    FLOAT,
    PREMULTIPLIED,
    SIGNED,
    UNDEFINED,
    UNSIGNED,
    WHITE_IS_ZERO,
    Layout,
    check_supported,
    read_layout,
)
from nst_core.images.to_srgb import to_srgb

_ICC_PROFILE = 34675
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


def open_tiff(stream: BinaryIO) -> ImageFile:
    """Return the picture in a TIFF, by Pillow or by ``DeepTiff``; the pixels are not decoded.

    Raises:
        UnsupportedKindError: a raw file, or a layout that nst doesn't read.
        Exception: the file is damaged; Pillow raises errors of nearly any type.
    """
    try:
        first, page, notes = picture_page(stream)
        if page is not first:
            stream = as_first_page(page, first)
            page = picture_page(stream)[0]
        layout = read_layout(page)
    except DAMAGE:
        # Damaged tags, or tags that only nst needs. Pillow says what is wrong, or reads it.
        stream.seek(0)
        return TiffImageFile(stream)
    if not _pillow_is_wrong(layout) and not _is_big_endian_bigtiff(page):
        stream.seek(0)
        try:
            picture = TiffImageFile(stream)
        except SyntaxError:
            if layout.photometric not in COLOURS and layout.photometric < 11:
                check_supported(layout, page)
        else:
            picture.info["notes"] = notes
            return picture
    check_supported(layout, page)
    return DeepTiff(stream, page, layout, notes)


def _is_big_endian_bigtiff(page: Directory) -> bool:
    """Return whether the file is one that Pillow takes for an ordinary TIFF."""
    return page.header.big and page.header.order == ">"


def _pillow_is_wrong(layout: Layout) -> bool:
    """Return whether Pillow opens such a file, but decodes other values than are in it."""
    if layout.photometric not in COLOURS:
        return False
    # Signed: it takes 8 bits for unsigned and swaps the bytes of compressed 32 bits.
    if layout.format in (SIGNED, FLOAT):
        return True
    # Planes: it mixes those of 16 bits up, and those of grey with alpha at any depth. If there is
    # one plane only, it forgets what white is, unless libtiff decompresses.
    if layout.samples == 1:
        return layout.planar and layout.compression == 1
    return layout.planar and (layout.bits > 8 or layout.colours == 1)


class DeepTiff(ImageFile):
    """A TIFF that nst decodes itself. ``load`` makes of it a picture of 8 bits.

    Its mode after ``load`` is ``L``, ``LA``, ``RGB``, ``RGBA`` or ``CMYK``. Its ICC profile is in
    ``info`` as usual, unless it is applied already. ``info["notes"]`` holds lines for the user.
    """

    format = "TIFF"
    format_description = "TIFF, decoded by nst"

    def __init__(self, stream: BinaryIO, page: Directory, layout: Layout, notes: list[str]) -> None:
        self._page, self._layout, self._notes = page, layout, list(notes)
        super().__init__(stream)

    def _open(self) -> None:
        self._size = self._layout.width, self._layout.height
        self._mode = "RGB"
        self._loaded = False

    @override
    def load(self) -> Any:
        if not self._loaded:
            samples = tiff_samples.decode(self._page.stream, self._layout)
            profile = bytes(map(int, self._page.numbers(_ICC_PROFILE)))
            picture = _picture(samples, self._layout, profile, self._notes)
            self._mode, self.im, self._loaded = picture.mode, picture.im, True
            self.info = {**picture.info, "notes": self._notes}
        return PIL.Image.Image.load(self)

    @override
    def getexif(self) -> PIL.Image.Exif:
        exif = PIL.Image.Exif()
        header = self._page.header
        if not _is_big_endian_bigtiff(self._page):
            exif.bigtiff, exif.endian = header.big, header.order
            exif.load_from_fp(self._page.stream, header.first)
            return exif
        for tag in TEXT_TAGS:
            if text := bytes(map(int, self._page.numbers(tag))):
                exif[tag] = text.rstrip(b"\0").decode("latin-1")
        exif[ORIENTATION] = self._page.number(ORIENTATION, 1)
        return exif


def _picture(
    samples: tiff_samples.Samples, layout: Layout, profile: bytes, notes: list[str]
) -> PIL.Image.Image:
    """Return samples (H, W, C) as a Pillow picture of 8 bits per channel."""
    count, alpha_at = layout.colours, layout.alpha
    if layout.samples > count + (alpha_at is not None):
        notes.append("it has channels that are neither colours nor alpha: they were left out")
    wanted = samples[..., : count + (alpha_at is not None)]
    if alpha_at is not None and layout.format == FLOAT:
        # Each has its own range. That of integers is the same.
        colours, lines = scaled(wanted[..., :count], bits=layout.bits)
        alpha, _ = scaled(wanted[..., count:], bits=layout.bits)
    else:
        both, lines = scaled(wanted, bits=layout.bits)
        colours, alpha = both[..., :count], both[..., count:]
    notes += lines
    if layout.format == FLOAT and not profile and _MODES[count] != "CMYK":
        notes.append(
            "its floating-point values have no colour profile: taken as sRGB, not as linear light"
        )
    if layout.extras[:1] == (PREMULTIPLIED,):
        colours = np.clip(colours / np.maximum(alpha, np.float32(1e-9)), 0, 1)
    elif count > 1 and layout.bits == 16 and layout.format in (UNSIGNED, UNDEFINED):
        # As Pillow does where the planes are not separate: the upper byte.
        both = (wanted >> 8).astype(np.float32) / np.float32(255)
        colours, alpha = both[..., :count], both[..., count:]
    if layout.photometric == WHITE_IS_ZERO:
        colours = 1 - colours
    picture = _from_fractions(colours)
    if profile:
        picture.info["icc_profile"] = profile
    if alpha_at is None:
        return picture
    if picture.mode == "CMYK":
        # Pillow has no CMYK with alpha.
        picture = to_srgb(picture)
    alpha_picture = _from_fractions(alpha)
    result = PIL.Image.merge(f"{picture.mode}A", (*picture.split(), alpha_picture))
    result.info.update(picture.info)
    return result


def _from_fractions(values: NDArray[np.float32]) -> PIL.Image.Image:
    """Return values 0...1, (H, W, 1 or 3 or 4), as mode ``L``, ``RGB`` or ``CMYK``."""
    pixels = np.rint(values * 255).astype(np.uint8)
    channels = pixels.shape[2]
    planes = [PIL.Image.fromarray(np.ascontiguousarray(pixels[..., c])) for c in range(channels)]
    return planes[0] if channels == 1 else PIL.Image.merge(_MODES[channels], planes)
