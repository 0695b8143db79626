"""Files of torch.save put together opcode by opcode, without torch, and what reading them gives."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from nst_core.errors import WeightsError
from nst_core.weights.torchfile import MAGIC, open_torch
from nst_core.weights.unpickling import Tensor

NUMBERS = np.array([1.5, -2, 3, 1e-3], "<f4")

ORDERED_DICT = b"ccollections\nOrderedDict\n"

V2 = b"ctorch._utils\n_rebuild_tensor_v2\n"


def dumped(value) -> bytes:
    """The opcodes of a plain value: protocol 2 without its header and its end."""
    return pickle.dumps(value, 2)[2:-1]


def storage(*, kind="FloatStorage", key="0", numel=4) -> bytes:
    return (
        b"("
        + dumped("storage")
        + f"ctorch\n{kind}\n".encode()
        + dumped(key)
        + dumped("cpu")
        + dumped(numel)
        + b"NtQ"
    )


def tensor(where=None, *, offset=0, size=(2, 2), stride=(2, 1), end=b"", **described) -> bytes:
    where = storage(**described) if where is None else where
    arguments = where + dumped(offset) + dumped(size) + dumped(stride) + b"\x89"
    return V2 + b"(" + arguments + ORDERED_DICT + b")R" + end + b"tR"


def state(*tensors: bytes) -> bytes:
    """{"t0": tensor, ...} as a whole pickle."""
    items = b"".join(dumped(f"t{i}") + code for i, code in enumerate(tensors))
    return b"\x80\x02}(" + items + b"u."


def legacy(code: bytes, *, numbers=NUMBERS, keys=("0",), count=None, little=True) -> bytes:
    head = [pickle.dumps(part, 2) for part in (MAGIC, 1001, {"little_endian": little})]
    size = numbers.size if count is None else count
    body = size.to_bytes(8, "little", signed=True) + numbers.tobytes()
    return b"".join([*head, code, pickle.dumps(list(keys), 2), body])


def zipped(code: bytes, *, numbers=NUMBERS, byteorder=b"little", method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("archive/data.pkl", code)
        archive.writestr("archive/byteorder", byteorder)
        archive.writestr("archive/data/0", numbers.tobytes())
    return stream.getvalue()


def read(data: bytes, shape=(2, 2)):
    file = open_torch(io.BytesIO(data))
    entries = file.value.values() if isinstance(file.value, dict) else []
    return [file.array(entry, shape) for entry in entries if isinstance(entry, Tensor)]


def refusal(data: bytes, shape=(2, 2)) -> str:
    with pytest.raises(WeightsError) as caught:
        read(data, shape)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 200
    return message


containers = pytest.mark.parametrize("container", [legacy, zipped])
