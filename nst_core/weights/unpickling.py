"""A pickle reader for what ``torch.save`` writes that runs nothing and allocates nothing large.

A pickle is a program. This one may only name the few globals of a state dict, and each of them
merely describes: unpickling gives plain records of where a tensor lies (``Tensor``), and the
numbers are read afterwards, by code that knows what size to expect (``torchfile``).
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections import OrderedDict
from typing import Any, NamedTuple

from nst_core.errors import WeightsError

MAX_PICKLE = 1 << 20
"""Bytes; VGG-19's state dict needs about 5 kB."""

# What torch.save puts out under Python 2 and 3 for dictionaries, numbers and tensors. Left out are
# opcodes that make instances, sets and byte strings, and the textual ones of protocol 0.
_OPCODES = """
PROTO FRAME MARK STOP POP NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT
BINUNICODE SHORT_BINUNICODE BINSTRING SHORT_BINSTRING
EMPTY_DICT SETITEM SETITEMS EMPTY_LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
BINPUT LONG_BINPUT MEMOIZE BINGET LONG_BINGET GLOBAL STACK_GLOBAL REDUCE BUILD BINPERSID
"""


class StorageType(NamedTuple):
    """A storage class of torch: its name there, and how NumPy reads its numbers."""

    name: str
    dtype: str


BFLOAT16 = StorageType("BFloat16Storage", "<u2")  # NumPy lacks it: the upper half of a float32

_STORAGES = {
    kind.name: kind
    for kind in (
        StorageType("FloatStorage", "<f4"),
        StorageType("DoubleStorage", "<f8"),
        StorageType("HalfStorage", "<f2"),
        StorageType("ByteStorage", "u1"),
        BFLOAT16,
    )
}


class Storage(NamedTuple):
    """A run of ``numel`` numbers somewhere in the file."""

    kind: StorageType
    key: str
    numel: int


class Tensor(NamedTuple):
    """A view of a storage; offset and strides count numbers, not bytes."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


# Instances without a __dict__ stand for torch's functions: the opcode BUILD sets attributes on
# whatever it is pointed at, and on a function or a class of ours they would outlive this file.
class _RebuildTensor:
    __slots__ = ()

    def __call__(self, storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> Tensor:
        if len(rest) > 2 and rest[2]:  # requires_grad, hooks, metadata
            raise WeightsError("a tensor is marked as conjugated or negated")
        sound = isinstance(storage, Storage) and all(
            isinstance(numbers, tuple) and all(_is_count(number) for number in numbers)
            for numbers in ((offset,), size, stride)
        )
        if not sound or len(size) != len(stride):
            raise WeightsError("a tensor's offset, size or stride is malformed")
        return Tensor(storage, offset, size, stride)


class _RebuildParameter:
    __slots__ = ()

    def __call__(self, data: Any, *_: Any) -> Any:
        return data


_GLOBALS: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _RebuildTensor(),  # before torch 0.4
    ("torch._utils", "_rebuild_tensor_v2"): _RebuildTensor(),
    ("torch._utils", "_rebuild_parameter"): _RebuildParameter(),
    **{("torch", name): kind for name, kind in _STORAGES.items()},
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _GLOBALS[module, name]
        except KeyError:
            wanted = f"{module}.{name}"[:80]
            raise WeightsError(f"refused: it asks for {wanted!r}, which no weights need") from None

    def persistent_load(self, pid: Any) -> Storage:
        match pid:
            case ("storage", StorageType() as kind, str(key), str(), numel, *view) if _is_count(
                numel
            ) and view in ([], [None]):
                storage = Storage(kind, key, numel)
            case _:
                raise WeightsError("a storage's description is malformed")
        if self.storages.setdefault(key, storage) != storage:
            raise WeightsError(f"storage {key[:40]!r} is described twice, in different ways")
        return storage


def split_pickle(stream: io.BytesIO) -> bytes:
    """Take one pickle off the stream, checked opcode by opcode before anything runs.

    Raises:
        WeightsError: it is no pickle, is cut short, or holds an opcode that a state dict doesn't.
    """
    start, allowed = stream.tell(), frozenset(_OPCODES.split())
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name not in allowed:
                raise WeightsError(f"refused: opcode {opcode.name}, which no weights need")
            # The reader's memo is an array as long as the largest index that is ever put.
            if opcode.name == "LONG_BINPUT" and int(argument or 0) > MAX_PICKLE:
                raise WeightsError("refused: a memo index that is out of all proportion")
    except WeightsError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise WeightsError("no file of torch.save, or a damaged or truncated one") from error
    return stream.getvalue()[start : stream.tell()]


def unpickle(data: bytes) -> tuple[object, dict[str, Storage]]:
    """Return the plain value of a checked pickle, and the storages that it names, by key.

    Raises:
        WeightsError: it asks for a global that is not allowed, or is malformed.
    """
    reader = _Unpickler(data)
    try:
        return reader.load(), reader.storages
    except WeightsError:
        raise
    except Exception as error:  # and so it can from here
        raise WeightsError(f"a malformed pickle ({type(error).__name__})") from error


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 62
