"""WebP files without an end (RFC 9649)."""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np

from nst_core.images.truncated.completed import Completed, checked

_HEAD = 12
_PIXELS = (b"VP8 ", b"VP8L")
_FRAME = b"ANMF"
_REPEATED = (b"\xff", b"\x55")


def lacks_end(stream: BinaryIO) -> bool:
    """Whether the file is shorter than its header says."""
    start = stream.read(_HEAD)
    (length,) = struct.unpack_from("<I", start, 4)
    return stream.seek(0, 2) < int(length) + 8


def complete(data: bytes) -> Completed | None:
    """Fill the chunk of pixels that is incomplete; leave out any other incomplete chunk.

    The chunk is filled in several ways. Some of them may not be decodable, because lossless pixels
    are Huffman codes. The pixels that differ are those that are missing.
    """
    whole = struct.unpack_from("<I", data, 4)[0] + 8
    checked(1 - len(data) / whole)
    place, pixels = _HEAD, False
    while place + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, place)
        end = place + 8 + length + length % 2
        if end > len(data):
            if pixels or kind not in (*_PIXELS, _FRAME):
                break
            # More than what is missing: other codes may be longer.
            count = 2 * (end - len(data)) + length // 4 // 2 * 2 + 1024
            fillers = (bytes(count), np.random.default_rng(0).bytes(count), *_REPEATED)
            first, *others = [_filled(data, place, (filler * count)[:count]) for filler in fillers]
            return Completed(first, others=tuple(others))
        pixels = pixels or kind in (*_PIXELS, _FRAME)
        place = end
    return Completed(_riff(data[_HEAD:place]), 0.0) if pixels else None


def _filled(data: bytes, place: int, filler: bytes) -> bytes:
    """Return the file with an incomplete chunk that is longer by ``filler``."""
    body = data[place + 8 :] + filler
    body += bytes(len(body) % 2)
    return _riff(data[_HEAD : place + 4] + struct.pack("<I", len(body)) + body)


def _riff(chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
