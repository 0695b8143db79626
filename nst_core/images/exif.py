"""The EXIF tags of a content picture that a result may keep.

The tags below are all that is ever kept, and only if the user asks for it. Everything else is
dropped, for two reasons:

- A photograph may also hold the place where it was taken (GPS), serial numbers, maker notes and a
  thumbnail of the original. Nobody intends to publish these with a painting.
- Orientation, size, resolution, colour space and description are not true of the result.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import PIL.Image
from typing_extensions import override

_MARK = b"Exif\0\0"
_ASCII, _UTF_8 = 2, 129

_EXIF_IFD = 0x8769
"""The tag of IFD0 that points to the EXIF directory."""

# Not ImageDescription and Software: they hold the recipe.
_IFD0_TAGS = {
    271: "Make",
    272: "Model",
    306: "DateTime",
    315: "Artist",
    33432: "Copyright",
}
_EXIF_IFD_TAGS = {
    33434: "ExposureTime",
    33437: "FNumber",
    34855: "ISOSpeedRatings",
    36867: "DateTimeOriginal",
    36868: "DateTimeDigitized",
    36880: "OffsetTime",
    36881: "OffsetTimeOriginal",
    36882: "OffsetTimeDigitized",
    37380: "ExposureBiasValue",
    37383: "MeteringMode",
    37385: "Flash",
    37386: "FocalLength",
    37521: "SubsecTimeOriginal",
    41989: "FocalLengthIn35mmFilm",
    42034: "LensSpecification",
    42035: "LensMake",
    42036: "LensModel",
}


class Text(str):
    """A text tag that is written with exactly the bytes that it was read with.

    EXIF calls the text ASCII, but cameras and editors store UTF-8 in it. Pillow decodes the bytes
    as Latin-1 and encodes text as ASCII with question marks. It also chooses a tag's type by the
    Python type of its value, so bytes would not always be written as text.

    As a ``str`` it is the text, decoded as UTF-8, or as Latin-1 if it is not UTF-8.
    """

    _raw: bytes
    __slots__ = ("_raw",)

    def __new__(cls, raw: bytes) -> Text:
        """Return the text that the bytes mean."""
        try:
            text = super().__new__(cls, raw.decode("utf-8"))
        except UnicodeDecodeError:
            text = super().__new__(cls, raw.decode("latin-1"))
        text._raw = raw
        return text

    @override
    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the bytes that were read, whatever the encoding."""
        return self._raw


@dataclass(frozen=True, slots=True)
class Tags:
    """EXIF tags with their values as Pillow reads them, but for texts, which are ``Text``.

    Attributes:
        ifd0: Tags of the first directory, by number.
        exif_ifd: Tags of the EXIF directory, which describe how the photograph was taken.
    """

    ifd0: Mapping[int, Any] = field(default_factory=dict)
    exif_ifd: Mapping[int, Any] = field(default_factory=dict)


def kept_tags(picture: PIL.Image.Image) -> Tags | None:
    """Return the tags of a picture that a result may keep; None if there are none."""
    try:
        exif = _loaded(picture)
        ifd0 = {tag: _kept(exif[tag]) for tag in _IFD0_TAGS if tag in exif}
        directory = exif.get_ifd(_EXIF_IFD)
        exif_ifd = {tag: _kept(directory[tag]) for tag in _EXIF_IFD_TAGS if tag in directory}
    # With damaged EXIF data Pillow raises errors of nearly any type. The pixels may still be good.
    except Exception:
        return None
    return Tags(ifd0, exif_ifd) if ifd0 or exif_ifd else None


def _loaded(picture: PIL.Image.Image) -> PIL.Image.Exif:
    """Return a picture's EXIF data, texts of the type UTF-8 included, which Pillow leaves out."""
    data = picture.info.get("exif")
    if not isinstance(data, bytes) or (patched := with_ascii_types(data)) == data:
        return picture.getexif()
    exif = PIL.Image.Exif()
    exif.load(patched)
    return exif


def with_ascii_types(data: bytes) -> bytes:
    """Return EXIF data in which texts of the type UTF-8 have the type ASCII; the bytes stay.

    The type 129 is new in EXIF 3.0 (CIPA DC-008-2023).

    Args:
        data: A TIFF header and its directories, perhaps after ``Exif`` and two NULs.
    """
    begin = len(_MARK) if data.startswith(_MARK) else 0
    patched, order = bytearray(data), "<" if data[begin : begin + 2] == b"II" else ">"
    try:
        (first,) = struct.unpack_from(f"{order}I", data, begin + 4)
        pointers = _retyped(patched, begin, first, order)
        if _EXIF_IFD in pointers:
            _retyped(patched, begin, pointers[_EXIF_IFD], order)
    except struct.error:
        return data  # damaged; Pillow takes from it what it can
    return bytes(patched)


def _retyped(data: bytearray, begin: int, place: int, order: str) -> dict[int, int]:
    """Change the type UTF-8 to ASCII in a directory; return each tag's value or offset."""
    (count,) = struct.unpack_from(f"{order}H", data, begin + place)
    values = {}
    for number in range(count):
        entry = begin + place + 2 + 12 * number
        tag, kind, _, value = struct.unpack_from(f"{order}HHII", data, entry)
        values[tag] = value
        if kind == _UTF_8:
            struct.pack_into(f"{order}H", data, entry + 2, _ASCII)
    return values


def _kept(value: Any) -> Any:
    """Return a value with the bytes of texts; Pillow decodes them as Latin-1."""
    return Text(value.encode("latin-1")) if isinstance(value, str) else value


def add_tags(exif: PIL.Image.Exif, tags: Tags, *, with_exif_ifd: bool) -> None:
    """Add tags to EXIF data.

    Args:
        exif: The EXIF data, changed in place.
        tags: The tags to add.
        with_exif_ifd: Whether the tags of the EXIF directory are added as well. Pillow can't write
            them into a compressed TIFF.
    """
    for tag, value in tags.ifd0.items():
        exif[tag] = value
    if with_exif_ifd and tags.exif_ifd:
        exif[_EXIF_IFD] = dict(tags.exif_ifd)
