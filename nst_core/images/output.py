"""Bit depth and metadata of picture files: what is asked for, what was read, what is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import PIL.Image

from nst_core.images.cutout import filled
from nst_core.images.exif import Tags

Bits = Literal[8, 16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What the user asks for.

    Attributes:
        bits: Bits per channel: 8, or 16 (PNG and TIFF only). With 16 bits, smooth skies don't show
            bands when they are edited or printed.
        dpi: Dots per inch to write into the file; None for no entry. It changes no pixel.
        keep_alpha: Whether the result gets the transparency of the content (PNG, WebP and TIFF).
        keep_exif: Whether the result gets date, camera, exposure, artist and copyright from the
            EXIF data of the content. The place where it was taken and serial numbers are not kept.
    """

    bits: Bits = 8
    dpi: float | None = None
    keep_alpha: bool = False
    keep_exif: bool = False


DEFAULT_OUTPUT = Output()
"""8 bits per channel, no resolution, and nothing kept from the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedPicture:
    """A picture that was read: its colours, and the other data that a result may keep.

    Attributes:
        picture: Mode ``RGB``, in sRGB, upright, composited over white.
        alpha: The transparency, mode ``L``, upright; None if the picture has none.
        straight: The colours before they were composited over white, mode ``RGB``, upright; None if
            the picture has no transparency.
        exif: The EXIF tags that a result may keep; None if there are none.
        notes: Lines for the user about what was assumed, ignored or missing.
    """

    picture: PIL.Image.Image
    alpha: PIL.Image.Image | None = None
    straight: PIL.Image.Image | None = None
    exif: Tags | None = None
    notes: tuple[str, ...] = ()

    def cut_out(self) -> DecodedPicture:
        """Return it with the colours of its visible pixels as they are, not over white.

        ``picture`` has these colours, spread into the transparent parts (see
        ``nst_core.images.cutout``). A picture without transparency is returned itself.
        """
        if self.alpha is None or self.straight is None:
            return self
        return replace(self, picture=filled(self.straight, self.alpha))


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """How an image is encoded: an ``Output``, with the data of the content that it keeps.

    Attributes:
        bits: Bits per channel, as in ``Output``.
        dpi: Dots per inch, as in ``Output``.
        alpha: The transparency, mode ``L``, of any size; it is resized to the image's.
        over_white: Whether the image is laid over white by ``alpha``, and no transparency written.
        exif: EXIF tags to write.
    """

    bits: Bits = 8
    dpi: float | None = None
    alpha: PIL.Image.Image | None = None
    over_white: bool = False
    exif: Tags | None = None

    @property
    def has_alpha(self) -> bool:
        """Whether the file gets transparency."""
        return self.alpha is not None and not self.over_white

    @classmethod
    def of(
        cls, output: Output, content: DecodedPicture, *, leaves_out: bool = False
    ) -> EncodeOptions:
        """Return the options that ``output`` means for a certain content picture.

        Args:
            output: What the user asks for.
            content: The content picture.
            leaves_out: Whether its transparent parts are not painted. If the result does not keep
                them transparent, they are white.
        """
        return cls(
            bits=output.bits,
            dpi=output.dpi,
            alpha=content.alpha if output.keep_alpha or leaves_out else None,
            over_white=leaves_out and not output.keep_alpha,
            exif=content.exif if output.keep_exif else None,
        )
