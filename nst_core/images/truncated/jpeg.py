"""JPEG files without an end (ISO/IEC 10918-1)."""

from __future__ import annotations

import struct

import numpy as np

from nst_core.images.truncated.completed import Completed, checked

_END = b"\xff\xd9"
_START_OF_SCAN = 0xDA
_FRAMES = (0xC0, 0xC1, 0xC2)
_COEFFICIENTS = 64


def complete(data: bytes) -> Completed | None:
    """Append an end.

    From there on the decoder repeats the last colour. The other way to complete the file appends
    noise before the end. The pixels that differ are those that are missing.
    """
    # An interrupted download may have the full length, filled with zeros.
    data = data.rstrip(b"\0")
    if data.endswith(_END):
        return None
    last_scan = _last_scan(data)
    data = data[:-1] if data.endswith(b"\xff") else data
    # Without bytes 255, which begin markers.
    noise = np.random.default_rng(0).integers(0, 255, len(data) // 2 + 1024, dtype=np.uint8)
    noisy = data + noise.tobytes() + _END
    return Completed(data + _END, others=(noisy,), last_scan=last_scan)


def _last_scan(data: bytes) -> float | None:
    """Return the share of the last scan in the data; None if there is only one scan.

    Each scan holds some of the coefficients, of all pixels. The last one has to have begun.

    Raises:
        TooMuchMissingError: if a scan is missing.
        ValueError: if there is no frame.
    """
    place, components, exact = 2, 0, set()
    starts: list[int] = []
    while place + 4 <= len(data):
        marker = data[place + 1]
        if data[place] != 0xFF:
            raise ValueError("no marker")
        (length,) = struct.unpack_from(">H", data, place + 2)
        if marker in _FRAMES:
            components = data[place + 9]
        place += 2 + length
        if marker == _START_OF_SCAN:
            body = data[place - length : place]
            count = body[0 + 2]
            first, last, bits = body[3 + 2 * count : 6 + 2 * count]
            if not bits & 15:  # no lower bits follow in later scans
                identifiers = body[3 : 3 + 2 * count : 2]
                exact |= {(one, k) for one in identifiers for k in range(first, last + 1)}
            starts.append(place)
            place = _next_marker(data, place)
    if not components:
        raise ValueError("no frame")
    checked(1 - len(exact) / (components * _COEFFICIENTS))
    if len(starts) == 1:
        return None
    there: float = (len(data) - starts[-1]) / (len(data) - starts[0])
    return there


def _next_marker(data: bytes, place: int) -> int:
    """Return where the next marker after the data of a scan is; the end if there is none."""
    while (place := data.find(b"\xff", place)) >= 0 and place + 1 < len(data):
        if data[place + 1] not in (0, *range(0xD0, 0xD8)):
            return place
        place += 2
    return len(data)
