"""BMP files without an end."""

from __future__ import annotations

import struct

from nst_core.images.truncated.completed import Completed, checked

_PLAIN = (0, 3, 6)  # without compression: plain, and with bit masks
_CORE_HEADER = 12


def complete(data: bytes) -> Completed | None:
    """Repeat the last row that is there; the rows may be stored from the bottom up."""
    start, header = struct.unpack_from("<2I", data, 10)
    if header == _CORE_HEADER:
        width, height, _, bits = struct.unpack_from("<2H2H", data, 18)
        compression = 0
    else:
        width, height, _, bits, compression = struct.unpack_from("<2i2HI", data, 18)
    if compression not in _PLAIN:
        return None
    row_bytes, height = (width * bits + 31) // 32 * 4, abs(height)
    there = (len(data) - start) // row_bytes
    if there >= height:
        return None
    share = checked((height - max(0, there)) / height)
    end = start + there * row_bytes
    return Completed(data[:end] + data[end - row_bytes : end] * (height - there), share)
