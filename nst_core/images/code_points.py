"""Colours of HEIC and AVIF pictures without an ICC profile, by code points (nclx, ITU-T H.273)."""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np
import PIL.Image

from nst_core.images.png_colour import encoding_by_code_points

NCLX_INFO = "nclx_profile"
"""The key of a picture's ``info`` with the code points, as pi-heif names them."""

_CONTAINERS = {b"meta": 4, b"iprp": 0, b"ipco": 0}
"""The boxes around the colours of a picture, and the bytes before their content."""

_LARGEST_META = 1 << 22
_NCLX = 4
"""The bytes of the code points of primaries and transfer."""

_HDR = {16: "PQ", 18: "HLG"}
_SRGB_PRIMARIES = (1, 2)  # those of BT.709, and "unspecified"
_SRGB_CURVE = 13


def code_points(stream: BinaryIO) -> dict[str, int] | None:
    """Return the code points of an AVIF file, which Pillow doesn't tell; None if there are none.

    Args:
        stream: The file. It is read from its beginning.
    """
    stream.seek(0)
    data = stream.read(_LARGEST_META)
    try:
        found = _find_nclx(data, 0, len(data))
    except struct.error:
        return None
    if found is None:
        return None
    primaries, transfer = struct.unpack_from(">2H", data, found)
    return {"color_primaries": primaries, "transfer_characteristics": transfer}


def _find_nclx(data: bytes, place: int, end: int) -> int | None:
    """Return where the code points are, in boxes (ISO/IEC 14496-12) from ``place`` to ``end``."""
    while place + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, place)
        length = length or end - place
        if length < 8:
            return None
        start = place + 8
        if kind in _CONTAINERS:
            return _find_nclx(data, start + _CONTAINERS[kind], min(end, place + length))
        is_nclx = kind == b"colr" and data[start : start + 4] == b"nclx"
        if is_nclx and start + 4 + _NCLX <= min(end, place + length):
            return start + 4
        place += length
    return None


def applied(
    colours: PIL.Image.Image, picture: PIL.Image.Image
) -> tuple[PIL.Image.Image, tuple[str, ...]]:
    """Convert colours to sRGB if the code points name other primaries.

    An ICC profile takes precedence. Curves of SDR are all taken as that of sRGB: writers give the
    code point of BT.709 for pictures that were sRGB. HDR has no one meaning in sRGB: it is not
    converted, and the user is told.

    Args:
        colours: Mode ``RGB``, decoded.
        picture: The picture that they are of.

    Returns:
        The colours, and lines for the user.
    """
    points = picture.info.get(NCLX_INFO)
    if not points or picture.info.get("icc_profile"):
        return colours, ()
    transfer = int(points["transfer_characteristics"])
    if transfer in _HDR:
        return colours, (
            f"it is HDR ({_HDR[transfer]}), which nst can't convert: colours may look flat; save "
            "the picture as sRGB",
        )
    primaries = int(points["color_primaries"])
    if primaries in _SRGB_PRIMARIES:
        return colours, ()
    encoding = encoding_by_code_points(primaries, _SRGB_CURVE)
    if encoding is None:
        return colours, (f"its primaries ({primaries}) are none that nst knows: ignored",)
    return PIL.Image.fromarray(encoding.to_srgb(np.asarray(colours))), ()
