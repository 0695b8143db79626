"""What Pillow leaves out of a PNG: keys at full depth, and colour chunks other than iCCP.

Source: Portable Network Graphics (PNG) Specification, third edition (W3C, 2025).
"""

from __future__ import annotations

import struct
from types import MappingProxyType
from typing import IO

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngImageFile

from nst_core.images.png_colour import encoding_of

_GREY, _RGB, _GREY_ALPHA = 0, 2, 4
_WANTED = (b"IHDR", b"tRNS", b"cICP", b"sRGB", b"gAMA", b"cHRM")
_MOST_CHUNKS = 10_000

# Pillow gives only the upper byte of 16-bit samples. PNG stores the upper byte first; read as if
# the lower byte came first, the same data give the lower byte. A pixel of grey and alpha has 32
# bits, as RGBA of 8 bits has.
_RAW_MODES = MappingProxyType(
    {2: ("RGB", "RGB;16B", "RGB;16L"), 4: ("RGBA", "RGBA"), 6: ("RGBA", "RGBA;16B", "RGBA;16L")}
)


def as_standard(picture: PngImageFile, stream: IO[bytes]) -> tuple[PIL.Image.Image, list[str]]:
    """Return a PNG with its key and its colour chunks applied, and lines for the user.

    - **Key** (tRNS of grey and RGB): compared with the samples at their full depth.
    - **Colours**: the first of these chunks that is there and understood counts: cICP, iCCP, sRGB,
      gAMA with cHRM. ``to_srgb`` applies iCCP, which stays in ``info``. cICP and gAMA are applied
      here, to 16-bit samples in 16 bits; the profile is then taken out of ``info``.

    Args:
        picture: The picture, decoded.
        stream: Its file.
    """
    chunks = chunks_of(stream)
    depth, colour_type = struct.unpack_from(">BB", chunks[b"IHDR"], 8)
    encoding, notes = encoding_of(
        chunks, profile="icc_profile" in picture.info, grey=colour_type in (_GREY, _GREY_ALPHA)
    )
    scale_key(picture, depth, colour_type)
    keyed = depth == 16 and colour_type == _RGB and "transparency" in picture.info
    if encoding is None and not keyed:
        return picture, notes
    if depth == 16:
        samples = _deep_samples(picture, stream, colour_type)
        colours, alpha = _split(samples, picture.info.get("transparency"), colour_type)
    else:
        opaque = picture.mode in ("1", "L", "P", "RGB") and "transparency" not in picture.info
        pixels = np.asarray(picture.convert("RGB" if opaque else "RGBA"))
        colours, alpha = pixels[..., :3], None if opaque else pixels[..., 3]
    if encoding is None:
        result = picture.convert("RGB")  # which drops the key
        result.info = {key: picture.info[key] for key in ("icc_profile",) if key in picture.info}
    else:
        result = PIL.Image.fromarray(encoding.to_srgb(colours))
    if alpha is not None:
        result.putalpha(PIL.Image.fromarray(np.ascontiguousarray(alpha)))
    return result, notes


def chunks_of(stream: IO[bytes]) -> dict[bytes, bytes]:
    """Return the first chunk of each wanted kind that comes before the pixels.

    Args:
        stream: The file.
    """
    found: dict[bytes, bytes] = {}
    stream.seek(8)
    for _ in range(_MOST_CHUNKS):
        head = stream.read(8)
        if len(head) < 8 or head[4:] == b"IDAT":
            break
        (length,) = struct.unpack_from(">I", head)
        if head[4:] in _WANTED and length <= 768:
            found.setdefault(head[4:], stream.read(length))
            stream.seek(4, 1)
        else:
            stream.seek(length + 4, 1)
    return found


def scale_key(picture: PIL.Image.Image, depth: int, colour_type: int) -> None:
    """Bring the key of a picture of up to 8 bits to the 8 bits to which Pillow scales it.

    Only the lower ``depth`` bits of a key count (section 11.3.1.1).
    """
    key, top = picture.info.get("transparency"), (1 << depth) - 1
    if depth == 16 or key is None:
        return
    if colour_type == _GREY and depth > 1:
        picture.info["transparency"] = (int(key) & top) * 255 // top
    elif colour_type == _RGB:
        picture.info["transparency"] = tuple(int(part) & top for part in key)


def _deep_samples(picture: PngImageFile, stream: IO[bytes], colour_type: int) -> NDArray[np.uint16]:
    """Return the samples of a 16-bit PNG, (H, W, number of channels)."""
    if colour_type == _GREY:
        return np.asarray(picture).astype(np.uint16)[..., None]
    mode, *raw_modes = _RAW_MODES[colour_type]
    parts = [np.asarray(_decoded_as(stream, mode, raw)) for raw in raw_modes]
    upper, lower = parts if len(parts) == 2 else (parts[0][..., ::2], parts[0][..., 1::2])
    samples: NDArray[np.uint16] = upper.astype(np.uint16) << 8 | lower
    return samples


def _decoded_as(stream: IO[bytes], mode: str, raw_mode: str) -> PIL.Image.Image:
    """Decode a PNG as if its pixels were stored in another way."""
    stream.seek(0)
    picture = PngImageFile(stream)
    picture._mode = mode
    picture.tile = [tile._replace(args=raw_mode) for tile in picture.tile]
    picture.load()
    return picture


def _split(
    samples: NDArray[np.uint16], key: object, colour_type: int
) -> tuple[NDArray[np.uint16], NDArray[np.uint8] | None]:
    """Return the colours (H, W, 3) and the alpha (H, W) of 16-bit samples."""
    count = 1 if colour_type in (_GREY, _GREY_ALPHA) else 3
    colours = samples[..., :count]
    alpha = None
    if samples.shape[2] > count:
        alpha = (samples[..., count] >> 8).astype(np.uint8)
    elif key is not None:
        alpha = np.where((colours == np.array(key)).all(axis=2), 0, 255).astype(np.uint8)
    return np.broadcast_to(colours, (*colours.shape[:2], 3)), alpha
