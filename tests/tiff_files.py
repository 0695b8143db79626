"""TIFF files of any layout, built from samples without the code that reads them."""

import io
import struct
import zlib

import numpy as np
import PIL.Image
import tifffile

COMPRESSIONS = {"none": 1, "lzw": 5, "deflate": 8, "packbits": 32773, "lzma": 34925, "zstd": 50000}


def compressed(data, row_bytes, compression):
    """Bytes as a TIFF strip holds them; Pillow's libtiff packs them as 8-bit grey."""
    if compression == "none":
        return data
    if compression == "deflate":
        return zlib.compress(data)
    grey, stream = PIL.Image.frombytes("L", (row_bytes, len(data) // row_bytes), data), io.BytesIO()
    name = {"lzw": "tiff_lzw"}.get(compression, compression)
    grey.save(stream, "TIFF", compression=name, strip_size=1 << 20)
    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        (offset,), (count,) = file.pages[0].dataoffsets, file.pages[0].databytecounts
    return stream.getvalue()[offset : offset + count]


def packed(block, bits, order):
    """The bytes of samples (rows, width, depth); each row begins at a whole byte."""
    if bits in (8, 16, 32, 64):
        return block.astype(block.dtype.newbyteorder(order)).tobytes()
    rows = block.reshape(len(block), -1)
    mask = (1 << bits) - 1
    if bits == 24:
        way = "little" if order == "<" else "big"
        return b"".join((int(value) & mask).to_bytes(3, way) for value in rows.ravel())
    return b"".join(
        np.packbits(
            [int(digit) for value in row for digit in f"{int(value) & mask:0{bits}b}"]
        ).tobytes()
        for row in rows
    )


def predicted(block, predictor):
    """Samples as the predictor stores them."""
    if predictor == 1:
        return block
    if predictor == 2:
        whole = block.view(f"u{block.dtype.itemsize}")
        differences = whole.copy()
        differences[:, 1:] -= whole[:, :-1]
        return differences
    rows, width, depth = block.shape
    size = block.dtype.itemsize
    big = np.ascontiguousarray(block.astype(block.dtype.newbyteorder(">"))).view(np.uint8)
    planes = big.reshape(rows, width * depth, size).transpose(0, 2, 1)
    planes = np.ascontiguousarray(planes).reshape(rows, size * width, depth)
    differences = planes.copy()
    differences[:, 1:] -= planes[:, :-1]
    return differences


def segments(samples, *, bits, order, planar, compression, predictor, tile, rows_per_strip):
    """The strips or tiles of samples (H, W, C), one after the other."""
    height, width, channels = samples.shape
    high, wide = tile or (rows_per_strip, width)
    planes = [samples[..., c : c + 1] for c in range(channels)] if planar else [samples]
    for plane in planes:
        for top in range(0, height, high):
            for left in range(0, width, wide):
                block = np.ascontiguousarray(plane[top : top + high, left : left + wide])
                if tile:
                    block = np.pad(
                        block, [(0, high - len(block)), (0, wide - block.shape[1]), (0, 0)]
                    )
                data = packed(predicted(block, predictor), 8 if predictor == 3 else bits, order)
                yield compressed(data, len(data) // len(block), compression)


def entry(order, big, tag, kind, values, body):
    """An entry of a directory; long values are appended to ``body``."""
    letter = {1: "B", 2: "B", 3: "H", 4: "I", 7: "B", 13: "I", 16: "Q"}[kind]
    data = struct.pack(f"{order}{len(values)}{letter}", *values)
    inline, offset = (8, "Q") if big else (4, "I")
    if len(data) > inline:
        body += bytes(len(body) % 2)
        place = len(body)
        body += data
        data = struct.pack(order + offset, place)
    head = struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, len(values))
    return head + data.ljust(inline, b"\0")


def directory(body, tags, *, order="<", big=False, following=0):
    """Append a directory to ``body`` and return its offset. ``tags``: tag to values or bytes."""
    entries = b""
    for tag, values in sorted(tags.items()):
        kind = 7 if isinstance(values, bytes) else 4
        numbers = [values] if isinstance(values, int) else list(values)
        entries += entry(order, big, tag, kind, numbers, body)
    body += bytes(-len(body) % 8)
    place = len(body)
    body += struct.pack(order + ("Q" if big else "H"), len(tags)) + entries
    body += struct.pack(order + ("Q" if big else "I"), following)
    return place


def header(order="<", *, big=False):
    """The first bytes, without the offset of the first directory, which ``finish`` sets."""
    start = bytearray(b"II" if order == "<" else b"MM")
    start += struct.pack(order + "H", 43 if big else 42)
    return start + (struct.pack(order + "HHQ", 8, 0, 0) if big else bytes(4))


def finish(body, first, *, order="<", big=False):
    struct.pack_into(order + ("Q" if big else "I"), body, 8 if big else 4, first)
    return bytes(body)


FORMATS = {"u": 1, "i": 2, "f": 3}


def page_tags(
    body, samples, *, photometric, bits=None, order="<", planar=False, compression="none",
    predictor=1, tile=None, rows_per_strip=5, reverse_bits=False, **more,
):  # fmt: skip
    """Append the samples (H, W, C) to ``body`` and return the page's tags."""
    height, width, channels = samples.shape
    bits = bits or 8 * samples.dtype.itemsize
    tags = {256: width, 257: height, 258: [bits] * channels, 259: COMPRESSIONS[compression]}
    tags |= {262: photometric, 277: channels, 284: 2 if planar else 1, 317: predictor}
    tags[339] = [FORMATS[samples.dtype.kind]] * channels
    offsets, counts = [], []
    for data in segments(
        samples, bits=bits, order=order, planar=planar, compression=compression,
        predictor=predictor, tile=tile, rows_per_strip=rows_per_strip,
    ):  # fmt: skip
        offsets.append(len(body))
        counts.append(len(data))
        body += bytes(int(f"{byte:08b}"[::-1], 2) for byte in data) if reverse_bits else data
    if tile:
        tags |= {322: tile[1], 323: tile[0], 324: offsets, 325: counts}
    else:
        tags |= {278: rows_per_strip, 273: offsets, 279: counts}
    if reverse_bits:
        tags[266] = 2
    return tags | more.pop("tags", {})


def build(samples, *, order="<", big=False, **layout):
    """A TIFF of one page."""
    body = header(order, big=big)
    tags = page_tags(body, samples, order=order, **layout)
    return finish(body, directory(body, tags, order=order, big=big), order=order, big=big)
