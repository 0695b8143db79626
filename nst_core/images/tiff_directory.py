"""The directories of a TIFF file: tags, pages, and which page is the picture.

Pillow opens the first page and refuses layouts that it doesn't know. This module reads the tags of
any page. The format: TIFF 6.0 (Adobe, 1992), its Technical Notes for SubIFDs, the DNG specification
1.7 for NewSubfileType, and BigTIFF.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from nst_core.images.unsupported import UnsupportedKindError

_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _WIDTH, _HEIGHT, _COMPRESSION = 254, 255, 256, 257, 259
_PHOTOMETRIC, _SUB_IFDS = 262, 330

TEXT_TAGS = (271, 272, 306, 315, 33432)
"""Make, Model, DateTime, Artist, Copyright."""

ORIENTATION = 274
_INHERITED = (*TEXT_TAGS, ORIENTATION, 34665)
"""Tags about the photograph, which files with a preview hold in the first directory only. 34665 is
the EXIF directory."""

_NOT_A_PICTURE = 0b1101
"""Bits of NewSubfileType: a reduced version, a transparency mask, a depth map."""

_RAW_PHOTOMETRIC = (32803, 34892)
"""A colour filter array (mosaic), and linear raw values."""

_RAW_COMPRESSION = (32767, 34713, 65000, 65535)
"""Compressions of cameras: Sony, Nikon, Kodak, Pentax."""

_RAW_SIGNATURES = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW", b"\0MRM", b"FOVb")

_FORMATS = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 11: "f", 12: "d"} | {
    13: "I",
    16: "Q",
    17: "q",
    18: "Q",
}
"""Letters of ``struct`` for the types whose values are plain numbers."""

DAMAGE = (ValueError, struct.error, OSError, OverflowError)
"""What reading a damaged directory raises."""

_MOST_PAGES = 200
_MOST_VALUES = 1 << 24


@dataclass(frozen=True, slots=True)
class Header:
    """The order of bytes, and whether the file is a BigTIFF.

    Attributes:
        order: ``<`` or ``>``.
        big: Whether offsets have 8 bytes.
        first: The offset of the first directory.
    """

    order: str
    big: bool
    first: int


@dataclass(frozen=True, slots=True)
class Directory:
    """The tags of a page.

    Attributes:
        header: That of the file.
        stream: The file.
        entries: The entries as they are in the file, by tag.
        next: The offset of the next directory; 0 if this is the last.
    """

    header: Header
    stream: BinaryIO
    entries: dict[int, bytes]
    next: int

    def numbers(self, tag: int) -> tuple[float, ...]:
        """Return the values of a tag; none if it is missing or does not hold numbers.

        Raises:
            ValueError: the values are not all in the file.
        """
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        order, big = self.header.order, self.header.big
        _, kind, count = struct.unpack_from(order + ("HHQ" if big else "HHI"), entry)
        if kind not in _FORMATS:
            return ()
        if count > _MOST_VALUES:
            raise ValueError(f"tag {tag} has {count} values")
        form = f"{order}{count}{_FORMATS[kind]}"
        size = struct.calcsize(form)
        data, inline = entry[12:] if big else entry[8:], 8 if big else 4
        if size > inline:
            self.stream.seek(struct.unpack(order + ("Q" if big else "I"), data)[0])
            data = self.stream.read(size)
        if len(data) < size:
            raise ValueError(f"the values of tag {tag} are missing")
        return struct.unpack(form, data[:size])

    def number(self, tag: int, default: int) -> int:
        """Return the first value of a tag, or ``default``."""
        values = self.numbers(tag)
        return int(values[0]) if values else default

    def size(self) -> tuple[int, int]:
        """Return width and height, 0 if missing."""
        return self.number(_WIDTH, 0), self.number(_HEIGHT, 0)

    def pixels(self) -> int:
        """Return width x height."""
        width, height = self.size()
        return width * height


def read_header(stream: BinaryIO) -> Header:
    """Read the first bytes of a TIFF or BigTIFF.

    Raises:
        struct.error: the file is too short.
    """
    stream.seek(0)
    start = stream.read(16)
    order = "<" if start[:2] == b"II" else ">"
    big = b"+" in start[2:4]
    (first,) = struct.unpack_from(order + ("Q" if big else "I"), start, 8 if big else 4)
    return Header(order, big, first)


def read_directory(stream: BinaryIO, header: Header, offset: int) -> Directory:
    """Read the entries of a directory.

    Raises:
        ValueError, struct.error, OSError, OverflowError: it is not all in the file.
    """
    form, step, word = ("Q", 20, 8) if header.big else ("H", 12, 4)
    stream.seek(offset)
    (count,) = struct.unpack(header.order + form, stream.read(struct.calcsize(form)))
    if not 0 < count < 1 << 16:
        raise ValueError(f"a directory has {count} entries")
    data = stream.read(count * step)
    entries = [data[place : place + step] for place in range(0, count * step, step)]
    if len(data) < count * step:
        raise ValueError("a directory is cut off")
    after = stream.read(word)
    following = 0
    if len(after) == word:
        (following,) = struct.unpack(header.order + ("Q" if header.big else "I"), after)
    by_tag: dict[int, bytes] = {}
    for entry in entries:
        # As in Pillow, the last of several entries counts.
        by_tag[struct.unpack_from(header.order + "H", entry)[0]] = entry
    return Directory(header, stream, by_tag, following)


def picture_page(stream: BinaryIO) -> tuple[Directory, Directory, list[str]]:
    """Return the first page, the page that holds the picture, and what the user should know.

    The picture is the first page, except:

    - The first page is a preview: NewSubfileType says that it is a reduced version, a mask or a
      depth map, or one of its SubIFDs is larger and is none of these. Then the picture is the
      largest page that is none of these.
    - The file holds the raw values of a camera's sensor. It is refused.

    Raises:
        UnsupportedKindError: a raw file.
        ValueError, struct.error, OSError, OverflowError: the directories are damaged.
    """
    header = read_header(stream)
    first = read_directory(stream, header, header.first)
    pages = [first, *_children(first)]
    if not _is_picture(first):
        pages += _following(first)
    full = [page for page in pages if _is_picture(page) and page.pixels()]
    stream.seek(8)
    if stream.read(2) == b"CR" or any(_is_raw(page) for page in (first, *full)):
        refuse_raw()
    if not full:
        largest = max(pages, key=Directory.pixels)
        return first, largest, ["it holds only a preview (a reduced version) of a picture"]
    largest = max(full, key=Directory.pixels)
    if first in full and largest.pixels() <= first.pixels():
        return first, first, []
    return first, largest, []


def refuse_raw_signature(start: bytes) -> None:
    """Refuse a file whose first bytes are those of a raw file, which is not a TIFF.

    Raises:
        UnsupportedKindError: it is one.
    """
    if start.startswith(_RAW_SIGNATURES) or start[4:11] == b"ftypcrx":
        refuse_raw()


def refuse_raw() -> None:
    """Refuse a raw file.

    Raises:
        UnsupportedKindError: always.
    """
    raise UnsupportedKindError(
        "it is a raw file of a camera, whose values become colours only in a raw converter; "
        "export it from there as TIFF or JPEG"
    )


def as_first_page(page: Directory, first: Directory) -> BinaryIO:
    """Return a copy of the file in memory in which ``page`` is the first page.

    The page gets the tags about the photograph (orientation, date, ...) that only ``first`` has.
    """
    header = page.header
    page.stream.seek(0)
    data = bytearray(page.stream.read())
    data += bytes(-len(data) % 8)
    inherited = {tag: first.entries[tag] for tag in _INHERITED if tag in first.entries}
    entries = {**inherited, **page.entries}
    count, offset = ("Q", "Q") if header.big else ("H", "I")
    struct.pack_into(header.order + offset, data, 8 if header.big else 4, len(data))
    data += struct.pack(header.order + count, len(entries))
    data += b"".join(entries[tag] for tag in sorted(entries)) + bytes(8 if header.big else 4)
    return io.BytesIO(data)


def _is_picture(page: Directory) -> bool:
    kind = page.number(_NEW_SUBFILE_TYPE, 0)
    return not kind & _NOT_A_PICTURE and page.number(_SUBFILE_TYPE, 1) != 2


def _is_raw(page: Directory) -> bool:
    return (
        page.number(_PHOTOMETRIC, 1) in _RAW_PHOTOMETRIC
        or page.number(_COMPRESSION, 1) in _RAW_COMPRESSION
    )


def _children(page: Directory) -> list[Directory]:
    """Return the pages to which the tag SubIFDs of a page points."""
    offsets = page.numbers(_SUB_IFDS)[:_MOST_PAGES]
    found = []
    for offset in offsets:
        with suppress(*DAMAGE):
            found.append(read_directory(page.stream, page.header, int(offset)))
    return found


def _following(first: Directory) -> Iterator[Directory]:
    """Yield the pages after ``first`` and their children."""
    page, seen = first, {0}
    while page.next not in seen and len(seen) < _MOST_PAGES:
        seen.add(page.next)
        try:
            page = read_directory(page.stream, page.header, page.next)
        except DAMAGE:
            return
        yield page
        yield from _children(page)
