"""What a picture file holds besides the pixels, and in how many bits it holds those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import PIL.Image

from nst_core.images.exif import Tags

Bits = Literal[8, 16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What is asked for.

    Attributes:
        bits: Of each channel: 8, or 16 (PNG and TIFF), in which smooth skies don't show bands when
            they are edited or printed.
        dpi: Dots per inch that are written into the file; None for none. No pixel changes.
        keep_alpha: Whether the result gets the content's transparency (PNG, WebP, TIFF).
        keep_exif: Whether it gets what the content's EXIF data says of date, camera, exposure,
            artist and copyright. Not the place where it was taken, nor serial numbers.
    """

    bits: Bits = 8
    dpi: float | None = None
    keep_alpha: bool = False
    keep_exif: bool = False


DEFAULT_OUTPUT = Output()
"""8 bits, and nothing of the content's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedPicture:
    """A picture that was read: its colours, and what a result may keep of the rest.

    Attributes:
        picture: Mode ``RGB``, in sRGB, upright.
        alpha: Mode ``L``, upright; None where the picture is opaque.
        exif: Those of its EXIF tags that may be kept.
    """

    picture: PIL.Image.Image
    alpha: PIL.Image.Image | None = None
    exif: Tags | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """What is written besides an image: ``Output``, with what it keeps of the content at hand.

    Attributes:
        bits: As in ``Output``.
        dpi: As in ``Output``.
        alpha: Mode ``L``, of any size; it is resized to the image.
        exif: Tags to be written.
    """

    bits: Bits = 8
    dpi: float | None = None
    alpha: PIL.Image.Image | None = None
    exif: Tags | None = None

    @classmethod
    def of(cls, output: Output, content: DecodedPicture) -> EncodeOptions:
        """Return what ``output`` means for a content picture."""
        return cls(
            bits=output.bits,
            dpi=output.dpi,
            alpha=content.alpha if output.keep_alpha else None,
            exif=content.exif if output.keep_exif else None,
        )
