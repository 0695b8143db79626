"""HEIC and AVIF files without an end: the boxes of ISO base media files (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct

import numpy as np

from nst_core.images.truncated.completed import Completed, checked

_PIXELS = b"mdat"
_LARGE = 1


def complete(data: bytes) -> Completed | None:
    """Fill the box of coded pixels if it is incomplete, in several ways.

    The decoders go on after bytes that are no code, or refuse them. The pixels that differ are
    those that are missing.
    """
    place = 0
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if length == _LARGE:
            (length,) = struct.unpack_from(">Q", data, place + 8)
        if length < 8:
            return None
        missing = place + length - len(data)
        if missing > 0:
            if kind != _PIXELS:
                return None
            checked(missing / (place + length))
            fillers = (bytes(missing), b"\xff" * missing, np.random.default_rng(0).bytes(missing))
            first, *others = [data + filler for filler in fillers]
            return Completed(first, others=tuple(others))
        place += length
    return None
