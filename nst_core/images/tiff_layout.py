"""How the samples of a TIFF page are stored."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from nst_core.images.tiff_directory import Directory
from nst_core.images.unsupported import UnsupportedKindError

UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, SEPARATED = 0, 1, 2, 5

COLOURS = MappingProxyType({WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, SEPARATED: 4})
"""Number of colour channels by photometric interpretation."""

PREMULTIPLIED, STRAIGHT = 1, 2
"""Values of ExtraSamples that mean alpha."""

_PHOTOMETRICS = MappingProxyType(
    {WHITE_IS_ZERO: "grey", BLACK_IS_ZERO: "grey", RGB: "RGB", SEPARATED: "CMYK"}
    | {3: "palette", 4: "mask", 6: "YCbCr", 8: "CIELab", 9: "ICCLab", 10: "ITULab"}
    | {32844: "LogL", 32845: "LogLuv", 34892: "raw", 51177: "depth"}
)
_FORMATS = MappingProxyType(
    {UNSIGNED: "", SIGNED: "signed ", FLOAT: "floating-point ", UNDEFINED: ""}
    | {5: "complex integer ", 6: "complex floating-point "}
)
_WITHOUT_PREDICTOR = (1, 32773)
"""No compression, and PackBits: libtiff ignores the tag Predictor there."""

_CMYK_INKS = 1
_MOST_SAMPLES = 16
_MOST_ROWS = 2**32 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Size, kind and places of the samples of a page.

    Attributes:
        width: In pixels.
        height: In pixels.
        samples: Samples per pixel.
        bits: Bits per sample.
        format: SampleFormat: ``UNSIGNED``, ``SIGNED``, ``FLOAT`` or ``UNDEFINED``.
        photometric: PhotometricInterpretation.
        extras: ExtraSamples: what each sample after the colours means.
        planar: Whether each sample has a plane of its own.
        compression: Compression.
        predictor: Predictor: 1 none, 2 horizontal differences, 3 those of floating-point bytes.
        reversed_bits: Whether the bits of each byte are stored in reverse order.
        order: ``<`` or ``>``.
        tiled: Whether there are tiles instead of strips.
        segment: Width and height of a strip or tile.
        offsets: Place in the file of each strip or tile.
        counts: Number of bytes of each.
    """

    width: int
    height: int
    samples: int
    bits: int
    format: int
    photometric: int
    extras: tuple[int, ...]
    planar: bool
    compression: int
    predictor: int
    reversed_bits: bool
    order: str
    tiled: bool
    segment: tuple[int, int]
    offsets: tuple[int, ...]
    counts: tuple[int, ...]

    @property
    def colours(self) -> int:
        """Return the number of colour channels."""
        return COLOURS[self.photometric]

    @property
    def alpha(self) -> int | None:
        """Return the index of the alpha channel, or None.

        It is the first sample after the colours if ExtraSamples says so, or if ExtraSamples is
        missing (as Pillow takes it).
        """
        if self.samples == self.colours or (self.extras and self.extras[0] not in (1, 2)):
            return None
        return self.colours

    def name(self) -> str:
        """Return what the samples are, for a message."""
        colours = _PHOTOMETRICS.get(self.photometric, f"photometric {self.photometric}")
        channels = f" of {self.samples} channels" if self.samples > 1 else ""
        return f"{self.bits}-bit {_FORMATS.get(self.format, 'unknown ')}{colours}{channels}"


def read_layout(page: Directory) -> Layout:
    """Return the layout of a page.

    Raises:
        ValueError, struct.error, OSError, OverflowError: the tags are damaged.
        UnsupportedKindError: the channels differ in depth or kind.
    """
    width, height = page.size()
    samples = page.number(277, 1)
    bits, formats = page.numbers(258) or (1,), page.numbers(339) or (UNSIGNED,)
    if width <= 0 or height <= 0 or not 0 < samples < 1 << 16:
        raise ValueError("it has no pixels")
    if len(set(bits[:samples])) > 1 or len(set(formats[:samples])) > 1:
        depths = ", ".join(str(int(number)) for number in bits[:8])
        raise UnsupportedKindError(
            f"nst doesn't read TIFF whose channels differ in kind ({depths} bits); "
            "save it as RGB of 8 or 16 bits"
        )
    tiled = 322 in page.entries
    rows = page.number(278, _MOST_ROWS) or _MOST_ROWS
    compression = page.number(259, 1)
    return Layout(
        width=width,
        height=height,
        samples=samples,
        bits=int(bits[0]),
        format=int(formats[0]),
        photometric=page.number(262, WHITE_IS_ZERO),
        extras=tuple(map(int, page.numbers(338))),
        planar=page.number(284, 1) == 2,
        compression=compression,
        predictor=1 if compression in _WITHOUT_PREDICTOR else page.number(317, 1),
        reversed_bits=page.number(266, 1) == 2,
        order=page.header.order,
        tiled=tiled,
        segment=(page.number(322, 0), page.number(323, 0)) if tiled else (width, min(rows, height)),
        offsets=tuple(map(int, page.numbers(324 if 324 in page.entries else 273))),
        counts=tuple(map(int, page.numbers(325 if 325 in page.entries else 279))),
    )


def check_supported(layout: Layout, page: Directory) -> None:
    """Refuse what ``nst_core.images.tiff_samples`` doesn't decode.

    Raises:
        UnsupportedKindError: it says what the file is.
    """
    known = layout.photometric in COLOURS and layout.format in (UNSIGNED, SIGNED, FLOAT, UNDEFINED)
    known = known and COLOURS[layout.photometric] <= layout.samples <= _MOST_SAMPLES
    depths = (16, 32, 64) if layout.format == FLOAT else (*range(1, 33), 64)
    known = known and layout.bits in depths and (layout.format != SIGNED or layout.bits > 1)
    inks = page.number(332, _CMYK_INKS) if layout.photometric == SEPARATED else _CMYK_INKS
    if not known or inks != _CMYK_INKS:
        raise UnsupportedKindError(
            f"nst doesn't read TIFF of this kind ({layout.name()}); "
            "save it as RGB or grey of 8 or 16 bits"
        )
