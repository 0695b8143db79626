"""Mutations of picture files but for PNG: in their segments, chunks, boxes and tags."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from random import Random

from fuzz.chunks import absurd_exif, rearrange
from fuzz.corrupt_pngs import png_chunks, png_header
from fuzz.mutations import ABSURD, Mutation, flip_bits


def jpeg_segments(data: bytes, rng: Random) -> bytes:
    """Swap, double, drop, corrupt or add segments before the first scan."""
    segments, rest = _jpeg_split(data)
    if not segments:
        return flip_bits(data, rng)

    def profile(_: int) -> None:
        head = b"ICC_PROFILE\0" + bytes([rng.choice((0, 1, 255)), rng.choice((1, 0))])
        segments.insert(0, (0xE2, head + rng.randbytes(rng.choice((10, 60000)))))

    def exif(_: int) -> None:
        segments.insert(0, (0xE1, b"Exif\0\0" + absurd_exif(rng)))

    rearrange(segments, rng, profile, exif, most=200)
    return _jpeg_join(segments, rest)


def jpeg_sides(data: bytes, rng: Random) -> bytes:
    """Other sides or components in the frame header."""
    segments, rest = _jpeg_split(data)
    for place, (marker, body) in enumerate(segments):
        if 0xC0 <= marker <= 0xC2 and len(body) > 6:
            sides = [rng.choice((0, 1, 15, 17, 1500, 30000, 65500, 65535)) for _ in range(2)]
            segments[place] = (marker, body[:1] + struct.pack(">HH", *sides) + body[5:])
    return _jpeg_join(segments, rest)


def _jpeg_split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    segments, place = [], 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
        (length,) = struct.unpack(">H", data[place + 2 : place + 4])
        segments.append((data[place + 1], data[place + 4 : place + 2 + length]))
        place += 2 + length
    return segments, data[place:]


def _jpeg_join(segments: Sequence[tuple[int, bytes]], rest: bytes) -> bytes:
    head = b"".join(
        bytes([0xFF, mark]) + struct.pack(">H", min(65535, len(body) + 2)) + body
        for mark, body in segments
    )
    return b"\xff\xd8" + head + rest


def tiff_entry(data: bytes, rng: Random) -> bytes:
    """Another tag, type, count or value in one entry of the first directory."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:3] == b"+" or data[3:4] == b"+"
    head, entry = ("Q", "HHQQ") if big else ("I", "HHII")
    try:
        (start,) = struct.unpack_from(order + head, data, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
        size = struct.calcsize(order + entry)
        place = start + (8 if big else 2) + size * rng.randrange(max(1, count))
        fields = list(struct.unpack_from(order + entry, data, place))
    except (struct.error, OverflowError):
        return flip_bits(data, rng)
    which = rng.randrange(4)
    tags = (254, 256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 282, 284, 317, 320, 338, 339)
    tags += (255, 266, 322, 323, 324, 325, 330, 332)
    choices = ((*tags, 34675, 34665), range(14), ABSURD, ABSURD)[which]
    fields[which] = rng.choice(choices)
    return data[:place] + struct.pack(order + entry, *fields) + data[place + size :]


def webp_chunks(data: bytes, rng: Random) -> bytes:
    """Swap, double, drop or corrupt chunks, or claim absurd sides."""
    chunks, place = [], 12
    while place + 8 <= len(data):
        (length,) = struct.unpack("<I", data[place + 4 : place + 8])
        chunks.append((data[place : place + 4], data[place + 8 : place + 8 + length]))
        place += 8 + length + length % 2
    if not chunks:
        return flip_bits(data, rng)

    def add(place: int) -> None:
        chunks.insert(place, (rng.choice((b"EXIF", b"ICCP")), absurd_exif(rng)))

    def claim(_: int) -> None:
        sides = [struct.pack("<I", rng.choice((0, 23, 1500, 0xFFFFFF)))[:3] for _ in range(2)]
        chunks[0] = (b"VP8X", bytes([rng.randrange(64), 0, 0, 0]) + b"".join(sides))

    rearrange(chunks, rng, add, claim, most=200)
    body = b"".join(
        kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for kind, body in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def bmp_header(data: bytes, rng: Random) -> bytes:
    """Other sides, depth, compression or number of colours."""
    place, form = rng.choice(((18, "<i"), (22, "<i"), (28, "<H"), (30, "<I"), (46, "<I")))
    number = rng.choice((0, 1, -1, 4, 24, 32, 1500, 30000, -30000, 65535, 2**31 - 1, -(2**31)))
    size = struct.calcsize(form)
    raw = struct.pack("<q", number)[:size]
    return data[:place] + raw + data[place + size :]


def boxes(data: bytes, rng: Random) -> bytes:
    """Swap, double, drop or corrupt boxes of an ISO base media file or of a JPEG XL container."""
    found, place = [], 0
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        length = length if length >= 8 else len(data) - place
        found.append((kind, data[place + 8 : place + length]))
        place += length
    if not found or not found[0][0].isalnum():
        return flip_bits(data, rng)

    def exif(place: int) -> None:
        found.insert(place, (b"Exif", bytes(4) + absurd_exif(rng)))

    def grow(place: int) -> None:
        """Corrupt a box within a box: a length, or a number such as a side."""
        kind, body = found[place % len(found)]
        at = rng.randrange(max(1, len(body)))
        number = struct.pack(">I", rng.choice(ABSURD) & 0xFFFFFFFF)
        found[place % len(found)] = (kind, body[:at] + number + body[at + 4 :])

    rearrange(found, rng, exif, grow, most=50)
    return b"".join(struct.pack(">I", len(body) + 8) + kind + body for kind, body in found)


def gif_numbers(data: bytes, rng: Random) -> bytes:
    """Other sides, flags or positions of the screen or the first frame."""
    screen = 6
    frame = data.find(b",", 13) + 1
    place, form = rng.choice(
        ((screen, "<H"), (screen + 2, "<H"), (screen + 4, "B"), (frame, "<H"), (frame + 2, "<H"),
         (frame + 4, "<H"), (frame + 6, "<H"), (frame + 8, "B"), (frame + 9, "B"))
    )  # fmt: skip
    size = struct.calcsize(form)
    number = rng.choice((0, 1, 2, 7, 12, 255, 1500, 30000, 65535)) % (1 << 8 * size)
    return data[:place] + struct.pack(form, number) + data[place + size :]


PICTURES: dict[str, Sequence[Mutation]] = {
    ".png": (png_chunks, png_header),
    ".jpg": (jpeg_segments, jpeg_sides),
    ".tif": (tiff_entry,),
    ".webp": (webp_chunks,),
    ".bmp": (bmp_header,),
    ".gif": (gif_numbers,),
    ".avif": (boxes,),
    ".heic": (boxes,),
    ".jxl": (boxes,),
}
