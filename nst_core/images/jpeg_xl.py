"""JPEG XL (ISO/IEC 18181), decoded by the package pillow-jxl-plugin if it is installed.

The package's own class for Pillow decodes a picture as soon as it opens it. Here the size is read
from the header first, so that a picture that is too large is refused before it is decoded.
"""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any

import PIL.Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from typing_extensions import override

from nst_core.images.orientation import ORIENTATION_INFO
from nst_core.images.unsupported import UnsupportedKindError

INSTALL = "JPEG XL needs a reader; pip install pillow-jxl-plugin"

_CODESTREAM = b"\xff\x0a"
_SIDE_BITS = (9, 13, 18, 30)
_RATIOS = (
    Fraction(0), Fraction(1), Fraction(12, 10), Fraction(4, 3), Fraction(3, 2), Fraction(16, 9),
    Fraction(5, 4), Fraction(2),
)  # fmt: skip
_MODES = ("L", "LA", "RGB", "RGBA", "I;16", "F")
_MOST_BOXES = 1000
_TIFF_HEADS = (b"II*\0", b"MM\0*")


class JpegXLImageFile(ImageFile):
    """A JPEG XL picture, upright as its header says; its first frame if it has several."""

    format = "JPEG XL"
    format_description = "JPEG XL"

    @override
    def _open(self) -> None:
        assert self.fp is not None
        self._size = _size(_codestream_start(self.fp))
        self._mode = "RGB"  # until it is decoded
        self.tile = []

    @override
    def load(self) -> Any:
        if self._im is None:
            self._decode()
        return super().load()

    def _decode(self) -> None:
        assert self.fp is not None
        self.fp.seek(0)
        is_jpeg, described, pixels, profile, boxes = _decoded(self.fp.read())
        if is_jpeg:
            picture: PIL.Image.Image = JpegImageFile(io.BytesIO(pixels))
            picture.load()
            self.info.update(picture.info)
        else:
            if described.mode not in _MODES:
                raise ValueError(f"pixels of a type that can't be read: {described.mode}")
            size = (described.width, described.height)
            picture = PIL.Image.frombytes(described.mode, size, pixels)
            self.info.update({ORIENTATION_INFO: 1, **_exif(boxes)})
        if picture.size != self._size:
            raise ValueError("its header tells another size")
        if profile and "icc_profile" not in self.info:
            self.info["icc_profile"] = bytes(profile)
        self._mode = picture.mode
        self.im = picture.im


def _decoded(data: bytes) -> Any:
    """Return the package's answer: from a JPEG or not, description, pixels, profile, boxes."""
    try:
        from pillow_jxl import Decoder  # noqa: PLC0415
    except ImportError as cause:
        raise UnsupportedKindError(INSTALL) from cause
    try:
        return Decoder(num_threads=0)(data)
    except (KeyboardInterrupt, MemoryError, SystemExit):
        raise
    # The package is written in Rust. A panic there is no Exception. Its messages are about itself.
    except BaseException:
        raise ValueError("libjxl can't decode it") from None


def _exif(boxes: Any) -> dict[str, bytes]:
    """Return the EXIF data, which an offset of 4 bytes may precede."""
    for box in boxes:
        data = bytes(box.data)
        if box.box_type == b"Exif" and len(data) > 8:
            (skipped,) = struct.unpack(">I", data[:4])
            return {"exif": data if data[:4] in _TIFF_HEADS else data[4 + skipped :]}
    return {}


def _codestream_start(stream: Any) -> bytes:
    """Return the first bytes of the codestream, which may be in a box of a container."""
    start: bytes = stream.read(16)
    if start.startswith(_CODESTREAM):
        return start
    place = 0
    for _ in range(_MOST_BOXES):
        stream.seek(place)
        length, kind = struct.unpack(">I4s", stream.read(8))
        header = 8
        if length == 1:
            (length,) = struct.unpack(">Q", stream.read(8))
            header = 16
        if kind in (b"jxlc", b"jxlp"):
            stream.seek(place + header + (4 if kind == b"jxlp" else 0))
            found: bytes = stream.read(16)
            if not found.startswith(_CODESTREAM):
                raise ValueError("no codestream")
            return found
        if length < header:
            break
        place += length
    raise ValueError("no codestream")


def _size(codestream: bytes) -> tuple[int, int]:
    """Return (width, height) of the SizeHeader, whose bits come least significant first."""
    bits, place = int.from_bytes(codestream[2:].ljust(16, b"\0"), "little"), 0

    def read(count: int) -> int:
        nonlocal place
        value = bits >> place & (1 << count) - 1
        place += count
        return value

    def side() -> int:
        return (read(5) + 1) * 8 if small else read(_SIDE_BITS[read(2)]) + 1

    small = read(1)
    height = side()
    ratio = read(3)
    width = int(height * _RATIOS[ratio]) if ratio else side()
    return width, height
