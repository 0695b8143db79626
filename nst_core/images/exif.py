"""Which EXIF tags of a content picture a result may keep.

A list of what is kept, not of what is dropped: a photograph also says where it was taken (GPS),
holds serial numbers, makers' notes and a thumbnail of the original, which nobody means to publish
with a painting; and orientation, size, resolution, colour space and description don't hold for
the result. So ``nst`` keeps nothing unless it is asked, and then only what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import PIL.Image

_PHOTO = 0x8769

# ImageDescription and Software are the recipe's.
_MAIN = {
    271: "Make",
    272: "Model",
    306: "DateTime",
    315: "Artist",
    33432: "Copyright",
}
_PHOTOGRAPH = {
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


@dataclass(frozen=True, slots=True)
class Tags:
    """EXIF tags by number: those of the first directory, and those of the photograph's own."""

    main: Mapping[int, Any] = field(default_factory=dict)
    photograph: Mapping[int, Any] = field(default_factory=dict)


def kept_tags(picture: PIL.Image.Image) -> Tags | None:
    """Return those tags of a picture that a result may keep; None where it has none of them."""
    try:
        exif = picture.getexif()
        main = {tag: exif[tag] for tag in _MAIN if tag in exif}
        directory = exif.get_ifd(_PHOTO)
        photograph = {tag: directory[tag] for tag in _PHOTOGRAPH if tag in directory}
    # Pillow raises nearly anything over damaged EXIF data; the pixels are good all the same.
    except Exception:
        return None
    return Tags(main, photograph) if main or photograph else None


def add_tags(exif: PIL.Image.Exif, tags: Tags, *, with_photograph: bool) -> None:
    """Put tags into EXIF data.

    Args:
        exif: Changed.
        tags: What is put in.
        with_photograph: Whether the photograph's directory is written; a compressed TIFF has no
            place for it in Pillow.
    """
    for tag, value in tags.main.items():
        exif[tag] = value
    if with_photograph and tags.photograph:
        exif[_PHOTO] = dict(tags.photograph)
