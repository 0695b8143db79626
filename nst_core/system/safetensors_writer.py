"""Writing arrays to a safetensors file: https://github.com/huggingface/safetensors.

This is our own code, and not the library's, for two reasons:

- The library's ``save_file`` writes another file and renames it to the given path. If the process
  is killed meanwhile, that file stays behind, under a name that nobody knows; and the file that
  replaces the given one is not locked (see ``nst_core.system.temporary``).
- The library's ``save`` holds two more copies of all arrays in memory. The pairs of L-BFGS are
  large. Here the arrays are written to the file one after the other.

Files are read by the library.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nst_core.arrays import Array

_DTYPE_NAMES = {np.dtype("<f4"): "F32", np.dtype("<f8"): "F64"}


def write(path: Path, arrays: Mapping[str, Array], *, metadata: Mapping[str, str]) -> None:
    """Write arrays and texts.

    Args:
        path: The file to create, or to overwrite in place.
        arrays: Arrays of any shape by name, float32 or float64.
        metadata: Texts by name.

    Raises:
        OSError: if the file can't be written.
        KeyError: for another dtype.
    """
    # Larger items first, so that the offset of every number is a multiple of its size.
    ordered = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    end = 0
    for name in ordered:
        array = arrays[name]
        start, end = end, end + array.nbytes
        dtype = _DTYPE_NAMES[array.dtype.newbyteorder("<")]
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": (start, end)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        for name in ordered:
            array = np.ascontiguousarray(arrays[name], arrays[name].dtype.newbyteorder("<"))
            stream.write(array.reshape(-1).view(np.uint8).data)
