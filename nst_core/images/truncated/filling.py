"""Which pixels of a truncated file are missing, and filling them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import PIL.Image
from numpy.typing import NDArray


def differing(
    one: Sequence[PIL.Image.Image], other: Sequence[PIL.Image.Image]
) -> NDArray[np.bool_]:
    """Return which pixels (H, W) of two decodings differ, or lie below one that does.

    Args:
        one: The channels of a file that was completed in one way.
        other: The channels of the same file, completed in another way.

    Raises:
        ValueError: if the pictures have other sizes or channels.
    """
    found = np.zeros((one[0].height, one[0].width), dtype=np.bool_)
    for first, second in zip(one, other, strict=True):
        found |= np.asarray(first) != np.asarray(second)
    return np.asarray(np.logical_or.accumulate(found, axis=0))


def fill(picture: PIL.Image.Image, missing: NDArray[np.bool_]) -> PIL.Image.Image:
    """Return a picture with the missing pixels replaced by the last ones above that are there.

    Args:
        picture: Mode ``RGB`` or ``L``.
        missing: (H, W); below a missing pixel all are missing.
    """
    rows = np.flatnonzero(missing.any(axis=1))
    if not rows.size:
        return picture
    top = max(0, int(rows[0]) - 1)
    part = np.asarray(picture)[top:]
    source = np.where(missing[top:], 0, np.arange(len(part))[:, None])
    source = np.maximum.accumulate(source, axis=0)
    result = picture.copy()
    columns = np.arange(part.shape[1])[None, :]
    result.paste(PIL.Image.fromarray(part[source, columns]), (0, top))
    return result
