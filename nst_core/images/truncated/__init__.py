"""Picture files that lack their end: how much of the picture is missing, and a file of the rest.

One measure holds for all formats: what is missing is counted in pixels. A picture that lacks at
most a tenth is read, with a warning; more is refused. The missing part repeats the pixels next to
it.

Pillow's switch ``LOAD_TRUNCATED_IMAGES`` is not used: it holds for the whole process, and it says
nothing about how much is missing. Instead, a file is completed so that the ordinary decoder reads
it.

JPEG XL is not in the list: its decoder needs the whole file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import BinaryIO

from nst_core.images.truncated import bmp, gif, isobmff, jpeg, png, tiff, webp
from nst_core.images.truncated.completed import MOST, Completed, TooMuchMissingError, checked

__all__ = ["MOST", "Completed", "TooMuchMissingError", "checked", "complete", "lacks_end"]

_COMPLETE: Mapping[str, Callable[[bytes], Completed | None]] = MappingProxyType(
    {
        "AVIF": isobmff.complete,
        "BMP": bmp.complete,
        "GIF": gif.complete,
        "HEIC": isobmff.complete,
        "JPEG": jpeg.complete,
        "PNG": png.complete,
        "TIFF": tiff.complete,
        "WEBP": webp.complete,
    }
)
_LACKS_END: Mapping[str, Callable[[BinaryIO], bool]] = MappingProxyType(
    {"GIF": gif.lacks_end, "PNG": png.lacks_end, "WEBP": webp.lacks_end}
)


def lacks_end(stream: BinaryIO, form: str) -> bool:
    """Whether a file lacks its end, for formats of which Pillow doesn't say so. Seeks to 0."""
    check = _LACKS_END.get(form)
    stream.seek(0)
    found = check is not None and check(stream)
    stream.seek(0)
    return found


def complete(data: bytes, form: str) -> Completed | None:
    """Complete a file that lacks its end.

    Args:
        data: The file. It may be damaged in any way.
        form: Pillow's name of the format.

    Returns:
        The completed file; None if the file is not truncated, or in a way that is not known.

    Raises:
        TooMuchMissingError: more than a tenth of the picture is missing.
    """
    complete_format = _COMPLETE.get(form)
    try:
        return None if complete_format is None else complete_format(data)
    except TooMuchMissingError:
        raise
    # Any number in the file may be wrong: IndexError, struct.error, zlib.error, ValueError ...
    except Exception:
        return None
