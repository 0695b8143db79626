"""A restricted reader for the pickles of ``torch.save``: it runs no code and allocates little.

This is our own code because weights must load without torch and its ``torch.load``, and because a
pickle is a program that an unrestricted unpickler would run. Here a pickle may only use the few
globals that a state dict needs. They are replaced by plain records: a ``Tensor`` says where the
numbers of a tensor are. The numbers are read later by ``nst_core.weights.torchfile``, which knows
what size to expect.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections import OrderedDict
from typing import Any, NamedTuple

from typing_extensions import override

from nst_core.errors import WeightsError

MAX_PICKLE = 1 << 20
"""The largest pickle in bytes; the state dict of VGG-19 has about 5 kB."""

# The opcodes that torch.save writes under Python 2 and 3 for dictionaries, numbers and tensors. Not
# allowed are opcodes for instances, sets and byte strings, and the textual ones of protocol 0.
_OPCODES = """
PROTO FRAME MARK STOP POP NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT
BINUNICODE SHORT_BINUNICODE BINSTRING SHORT_BINSTRING
EMPTY_DICT SETITEM SETITEMS EMPTY_LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
BINPUT LONG_BINPUT MEMOIZE BINGET LONG_BINGET GLOBAL STACK_GLOBAL REDUCE BUILD BINPERSID
"""


class StorageType(NamedTuple):
    """A storage class of torch.

    Attributes:
        name: The name of the class.
        dtype: The NumPy dtype that its numbers are read as.
    """

    name: str
    dtype: str


# NumPy has no bfloat16, which is the upper half of a float32.
BFLOAT16 = StorageType("BFloat16Storage", "<u2")

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
    """A sequence of numbers in the file.

    Attributes:
        kind: Their type.
        key: The name of the storage within the file.
        numel: How many there are.
    """

    kind: StorageType
    key: str
    numel: int


class Tensor(NamedTuple):
    """A view of a storage.

    Attributes:
        storage: Where its numbers are.
        offset: The index of its first number in the storage.
        size: Its shape.
        stride: The steps along its axes, in numbers, not bytes.
    """

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


# Instances without a __dict__ replace torch's functions. The opcode BUILD sets attributes on any
# object, and attributes set on a function or class of ours would stay after this file is read.
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
    """Finds the allowed globals only, and collects the storages that tensors refer to."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self.storages: dict[str, Storage] = {}

    @override
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _GLOBALS[module, name]
        except KeyError:
            wanted = f"{module}.{name}"[:80]
            raise WeightsError(f"refused: it asks for {wanted!r}, which no weights need") from None

    @override
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
    """Return the next pickle in the stream, after checking each opcode; nothing is run.

    Args:
        stream: It is left at the end of the pickle.

    Raises:
        WeightsError: it is not a pickle, is truncated, or holds an opcode that no state dict needs.
    """
    start, allowed = stream.tell(), frozenset(_OPCODES.split())
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name not in allowed:
                raise WeightsError(f"refused: opcode {opcode.name}, which no weights need")
            # The memo of the unpickler is an array as long as the largest index that is stored.
            if opcode.name == "LONG_BINPUT" and int(argument or 0) > MAX_PICKLE:
                raise WeightsError("refused: a memo index that is out of all proportion")
    except WeightsError:
        raise
    except Exception as error:  # a damaged pickle can raise errors of nearly any type
        raise WeightsError("not a file of torch.save, or damaged or truncated") from error
    return stream.getvalue()[start : stream.tell()]


def unpickle(data: bytes) -> tuple[object, dict[str, Storage]]:
    """Return the value of a pickle, and the storages that it refers to, by key.

    Args:
        data: A pickle from ``split_pickle``.

    Raises:
        WeightsError: it uses a global that is not allowed, or is malformed.
    """
    reader = _Unpickler(data)
    try:
        return reader.load(), reader.storages
    except WeightsError:
        raise
    except Exception as error:  # a malformed pickle can do so, too
        raise WeightsError(f"a malformed pickle ({type(error).__name__})") from error


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 62
