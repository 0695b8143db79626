"""Reading the two file formats of ``torch.save`` without torch: the zip archive and the older one.

- Zip archive (torch >= 1.6): ``NAME/data.pkl`` holds the value, and ``NAME/data/KEY`` holds the raw
  numbers of each storage, without compression.
- Legacy format: three pickles (magic number, version, system), a pickle of the value, a pickle of
  the keys of the storages; then for each key an int64 count and the raw numbers.

See ``_save`` and ``_legacy_save`` in torch/serialization.py.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np

from nst_core.arrays import Array
from nst_core.errors import WeightsError
from nst_core.weights.unpickling import (
    BFLOAT16,
    MAX_PICKLE,
    Storage,
    Tensor,
    split_pickle,
    unpickle,
)

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


@dataclass(frozen=True, slots=True)
class TorchFile:
    """The content of a file.

    Attributes:
        value: The saved value: dictionaries, lists, numbers and texts, with a ``Tensor`` for each
            tensor.
        read: Returns the raw little-endian bytes of a storage.
    """

    value: object
    read: Callable[[Storage], bytes]

    def array(self, tensor: Tensor, shape: tuple[int, ...]) -> Array:
        """Read the numbers of a tensor.

        Args:
            tensor: A tensor in ``value``.
            shape: The shape that the tensor has to have. This shape and the length of the file
                limit what is read and allocated; sizes that the file declares do not.

        Returns:
            A C-contiguous array of the file's dtype; bfloat16 becomes float32.

        Raises:
            WeightsError: the shape is another, or the strides lead outside the storage.
        """
        if tensor.size != shape:
            raise WeightsError(f"has shape {tensor.size}, expected {shape}")
        storage = tensor.storage
        # The stride of an axis of length 1 is never used, so any value is allowed.
        steps = [0 if n == 1 else step for n, step in zip(shape, tensor.stride, strict=True)]
        last = tensor.offset + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
        if last >= storage.numel:
            raise WeightsError("reaches outside its storage")
        flat = self._flat(storage)
        strides = [step * flat.itemsize for step in steps]
        view = np.lib.stride_tricks.as_strided(flat[tensor.offset :], shape, strides)
        if storage.kind == BFLOAT16:
            return (view.astype(np.uint32, order="C") << 16).view(np.float32)
        return np.array(view, order="C")

    def _flat(self, storage: Storage) -> Any:
        raw = self.read(storage)
        if len(raw) != _nbytes(storage):
            raise WeightsError("its storage is shorter than declared")
        return np.frombuffer(raw, dtype=storage.kind.dtype)


def open_torch(stream: BinaryIO) -> TorchFile:
    """Read the pickles of a file of ``torch.save``, which describe its tensors.

    Args:
        stream: A seekable stream. It has to stay open as long as arrays are read.

    Raises:
        WeightsError: the file is empty, truncated, malformed or not little-endian, or needs more
            than plain tensors. The message doesn't name the file.
    """
    head = stream.read(MAX_PICKLE)
    if not head:
        raise WeightsError("the file is empty")
    if head.startswith(b"PK"):
        return _open_zip(stream)
    return _open_legacy(io.BytesIO(head), stream)


def _open_zip(stream: BinaryIO) -> TorchFile:
    try:
        archive = zipfile.ZipFile(stream)
    except Exception as error:  # for damaged archives zipfile raises errors of nearly any type
        raise WeightsError("a damaged or truncated zip archive") from error
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1:
        raise WeightsError("a zip archive, but not one of torch.save")
    top = names[0].removesuffix("data.pkl")
    if f"{top}byteorder" in archive.NameToInfo and (
        _record(archive, f"{top}byteorder", limit=16) != b"little"
    ):
        raise WeightsError("saved on a big-endian machine, which is not supported")
    data = io.BytesIO(_record(archive, f"{top}data.pkl", limit=MAX_PICKLE))
    value, _ = unpickle(split_pickle(data))

    @lru_cache(maxsize=1)  # consecutive tensors may share one large storage
    def read(storage: Storage) -> bytes:
        return _record(archive, f"{top}data/{storage.key}", limit=_nbytes(storage))

    return TorchFile(value, read)


def _record(archive: zipfile.ZipFile, name: str, *, limit: int) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise WeightsError(f"record {name[:60]!r} is missing") from None
    # torch never compresses records; a compressed record could unpack to any size.
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise WeightsError(f"record {name[:60]!r} is compressed, which torch.save never does")
    if info.file_size > limit:
        raise WeightsError(f"record {name[:60]!r} is larger than declared or sensible")
    try:
        return archive.read(info)
    except Exception as error:
        raise WeightsError(f"record {name[:60]!r} is damaged or truncated") from error


def _open_legacy(head: io.BytesIO, stream: BinaryIO) -> TorchFile:
    magic, protocol, system = (unpickle(split_pickle(head))[0] for _ in range(3))
    if magic != MAGIC or protocol != PROTOCOL or not isinstance(system, dict):
        raise WeightsError("not a file of torch.save, or of an unknown version")
    if system.get("little_endian") is not True:
        raise WeightsError("saved on a big-endian machine, which is not supported")
    value, storages = unpickle(split_pickle(head))
    keys, _ = unpickle(split_pickle(head))
    if not isinstance(keys, list) or set(map(str, keys)) != storages.keys():
        raise WeightsError("the list of storages doesn't fit the tensors")
    offsets = _offsets(stream, head.tell(), [storages[str(key)] for key in keys])

    @lru_cache(maxsize=1)
    def read(storage: Storage) -> bytes:
        stream.seek(offsets[storage.key])
        return stream.read(_nbytes(storage))

    return TorchFile(value, read)


def _nbytes(storage: Storage) -> int:
    return storage.numel * np.dtype(storage.kind.dtype).itemsize


def _offsets(stream: BinaryIO, position: int, storages: list[Storage]) -> dict[str, int]:
    """Return by key where the numbers of each storage begin; ``position`` is the first count's."""
    length = stream.seek(0, os.SEEK_END)
    result = {}
    for storage in storages:
        stream.seek(position)
        count = int.from_bytes(stream.read(8), "little")
        result[storage.key] = position + 8
        position += 8 + _nbytes(storage)
        if position > length:
            raise WeightsError("the file is truncated")
        if count != storage.numel:
            raise WeightsError(f"storage {storage.key[:40]!r} has another length than declared")
    return result
