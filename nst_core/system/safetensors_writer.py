"""Arrays to a safetensors file, written where it is: https://github.com/huggingface/safetensors.

The library's own ``save_file`` puts a file of its own in the place of the one that is named, so a
process that is killed meanwhile leaves one behind that nobody knows; and ``save`` holds everything
twice more in memory, which for the pairs of L-BFGS is much. Reading is the library's.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nst_core.arrays import Array

_NAMES = {np.dtype("<f4"): "F32", np.dtype("<f8"): "F64"}


def write(path: Path, arrays: Mapping[str, Array], *, metadata: Mapping[str, str]) -> None:
    """Write arrays and texts.

    Args:
        path: Replaced in place.
        arrays: float32 or float64, of any shapes.
        metadata: Texts by name.

    Raises:
        OSError: if it can't be written.
        KeyError: for another dtype.
    """
    # The largest items first, so that every number lies at a multiple of its size.
    ordered = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    end = 0
    for name in ordered:
        array = arrays[name]
        start, end = end, end + array.nbytes
        kind = _NAMES[array.dtype.newbyteorder("<")]
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": (start, end)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        for name in ordered:
            array = np.ascontiguousarray(arrays[name], arrays[name].dtype.newbyteorder("<"))
            stream.write(array.reshape(-1).view(np.uint8).data)
