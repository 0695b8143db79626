"""Pictures that a user has opened with Pillow: what Pillow leaves as it is in the file.

A picture that Pillow has not decoded yet is read from its file as nst reads files. Of one that is
decoded, Pillow keeps some of what the file says; its pixels may have been changed since.
"""

from __future__ import annotations

import io
import os
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import PIL.Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.PngImagePlugin import PngImageFile

from nst_core.images.png import as_standard as standard_png
from nst_core.images.png import chunks_of, scale_key
from nst_core.images.png_colour import encoding_of
from nst_core.images.standard import as_standard

_COLOUR_INFO = ("gamma", "chromaticity", "srgb", "transparency")
_HEADER = b"IHDR"


def standard_picture(picture: PIL.Image.Image) -> tuple[PIL.Image.Image, list[str]]:
    """Return a picture that ``to_srgb`` converts rightly, and lines for the user.

    - BMP: an alpha that is 0 throughout is no alpha.
    - PNG that is not decoded yet: as a file; see ``nst_core.images.png``.
    - PNG that is decoded: gAMA and cHRM as Pillow keeps them; cICP and the depth of the key as the
      file says, if it is still there under its name. If it is not, they are not known; a line says
      that the key may be wrong. Samples of 16 bits count by their upper byte.

    Copies and conversions by Pillow are plain pictures, of which nothing is known but their pixels
    and their ICC profile.

    Args:
        picture: The picture. It is not changed.
    """
    if isinstance(picture, BmpImageFile):
        return as_standard(picture, io.BytesIO())
    if not isinstance(picture, PngImageFile):
        return picture, []
    data = _undecoded(picture)
    if data is None:
        return _decoded_png(picture)
    fresh = PngImageFile(io.BytesIO(data))
    fresh.load()
    return standard_png(fresh, io.BytesIO(data))


def _undecoded(picture: PngImageFile) -> bytes | None:
    """Return the file of a picture that is not decoded yet; None if it is, or is not seekable."""
    if not picture.tile or picture.fp is None:
        return None
    try:
        place = picture.fp.tell()
        picture.fp.seek(0)
        data: bytes = picture.fp.read()
        picture.fp.seek(place)
    except (OSError, ValueError):
        return None
    return data if data.startswith(b"\x89PNG") else None


def _decoded_png(picture: PngImageFile) -> tuple[PIL.Image.Image, list[str]]:
    if not any(key in picture.info for key in _COLOUR_INFO) and not picture.filename:
        return picture, []
    chunks, notes = _known_chunks(picture), []
    copy = picture.copy()
    copy.info = dict(picture.info)
    if _HEADER in chunks:
        scale_key(copy, *struct.unpack_from(">BB", chunks[_HEADER], 8))
        deep = chunks[_HEADER][8] == 16
    else:
        deep = False
        if "transparency" in copy.info and picture.mode in ("L", "RGB"):
            notes.append(
                "its transparent colour is compared in 8 bits, because its file is gone: give the "
                "path, or the picture before it is decoded"
            )
    if deep and picture.mode == "RGB" and isinstance(copy.info.get("transparency"), tuple):
        copy.info["transparency"] = tuple(part >> 8 for part in copy.info["transparency"])
        notes.append("its transparent colour of 16 bits is compared in 8 bits: give the path")
    grey = picture.mode in ("1", "L", "LA", "I", "I;16")
    encoding, more = encoding_of(chunks, profile="icc_profile" in copy.info, grey=grey)
    if encoding is None or picture.mode in ("I", "I;16"):
        return copy, [*notes, *more]
    opaque = "transparency" not in copy.info and not copy.mode.endswith("A")
    pixels = np.asarray(copy.convert("RGB" if opaque else "RGBA"))
    result = PIL.Image.fromarray(encoding.to_srgb(pixels[..., :3]))
    if not opaque:
        result.putalpha(PIL.Image.fromarray(np.ascontiguousarray(pixels[..., 3])))
    return result, [*notes, *more]


def _known_chunks(picture: PngImageFile) -> dict[bytes, bytes]:
    """Return the chunks about colours: those of the file if it is there, else what Pillow keeps."""
    if picture.filename:
        with (
            suppress(OSError, ValueError),
            Path(os.fsdecode(picture.filename)).open("rb") as stream,
        ):
            if stream.read(8).startswith(b"\x89PNG"):
                chunks = chunks_of(stream)
                if struct.unpack_from(">2I", chunks.get(_HEADER, bytes(8))) == picture.size:
                    return chunks
    chunks = {}
    if "srgb" in picture.info:
        chunks[b"sRGB"] = b"\0"
    if "gamma" in picture.info:
        chunks[b"gAMA"] = struct.pack(">I", round(100_000 * picture.info["gamma"]))
    if "chromaticity" in picture.info:
        places = (round(100_000 * place) for place in picture.info["chromaticity"])
        chunks[b"cHRM"] = struct.pack(">8I", *places)
    return chunks
