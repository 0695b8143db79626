"""Reading what there is of a file that lacks its end."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from nst_core.images import truncated
from nst_core.images.decoding import StoredPicture, stored_picture
from nst_core.images.formats import Reader
from nst_core.images.opening import CorruptPictureError, as_error, check_size, corrupt, opened
from nst_core.images.truncated.filling import differing
from nst_core.system.files import StrPath, display_path

_OPENED_WHOLE = ("AVIF", "HEIC", "WEBP")
"""Formats whose classes open whole files only. The size of what was completed is checked."""


def nearly_whole(
    path: StrPath,
    stream: BinaryIO,
    its_reader: Reader,
    *,
    max_pixels: int,
    failure: CorruptPictureError | None,
) -> StoredPicture:
    """Return what a truncated file holds, with a note that says how much is missing.

    Args:
        path: The file's name.
        stream: The file.
        its_reader: What reads it.
        max_pixels: A picture of more pixels is refused before it is decoded.
        failure: The error of the ordinary way, if it failed. It is raised if the file is not
            truncated or can't be read in part.

    Raises:
        PictureError: one line: more than a tenth is missing, or there are too many pixels.
    """
    form = its_reader.form
    if form not in _OPENED_WHOLE:
        with opened(path, stream, its_reader) as picture:
            check_size(path, picture, max_pixels)
    with as_error(path, form):
        stream.seek(0)
        data = stream.read()

    def stored(content: bytes) -> StoredPicture:
        return stored_picture(path, io.BytesIO(content), its_reader, max_pixels=max_pixels)

    try:
        completed = truncated.complete(data, form)
        if completed is None:
            if failure:
                raise failure
            return stored(data)
        found, share = stored(completed.data), completed.share
        if share is None:
            found, share = _compared(found, completed, stored)
    except truncated.TooMuchMissingError as cause:
        raise corrupt(path, form, f"{cause.share:.0%} of the picture is missing") from cause
    missing = f"{max(share, 0.001):.1%} of the picture" if share else "no pixel"
    note = f"{display_path(path)} lacks its end: {missing} is missing; get a fresh copy"
    return replace(found, notes=(note, *found.notes))


def _compared(
    found: StoredPicture,
    completed: truncated.Completed,
    stored: Callable[[bytes], StoredPicture],
) -> tuple[StoredPicture, float]:
    """Measure what is missing as what differs, and fill it with the colours above.

    Raises:
        TooMuchMissingError: if it is more than a tenth.
        CorruptPictureError: if no other completion can be decoded.
    """
    failure: CorruptPictureError | None = None
    for other in completed.others:
        try:
            missing = differing(found.channels(), stored(other).channels())
        except CorruptPictureError as error:
            failure = error
            continue
        share = completed.measured(float(missing.mean()))
        return found if completed.last_scan else found.filled(missing), share
    raise failure or AssertionError("a completion to compare with")
