"""Mutations of weights: in pickles, archives and headers."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Sequence
from random import Random

from fuzz.mutations import Mutation, flip_bits, repeat, truncate


def in_zip(data: bytes, rng: Random) -> bytes:
    """Corrupt one record of a zip archive, with correct checksum and sizes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            records = {name: archive.read(name) for name in archive.namelist()}
    except Exception:
        return pickle_code(data, rng)
    name = rng.choice([name for name in records for _ in range(1 + 9 * name.endswith(".pkl"))])
    change = rng.choice((pickle_code, pickle_code, flip_bits, truncate, repeat))
    records[name] = change(records[name] or b"0", rng)
    if rng.random() < 0.1:
        records[rng.choice(("../evil", "archive/data/1", "/tmp/evil", "x/data.pkl"))] = b"1234"
    stream = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, record in records.items():
            archive.writestr(zipfile.ZipInfo(name), record, method)
    return stream.getvalue()


def pickle_code(data: bytes, rng: Random) -> bytes:
    """Insert or replace an opcode. Most are harmless, some are an attack."""
    end = data.rfind(b".", 0, min(len(data), 6000))
    place = rng.randrange(max(1, end))
    return data[:place] + rng.choice(OPCODES) + data[place + rng.choice((0, 0, 1)) :]


OPCODES = (
    b"cos\nsystem\n",
    b"cbuiltins\neval\n",
    b"ctorch\nLongStorage\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ccollections\nOrderedDict\n",
    b"ios\nsystem\n",
    b"\x82\x01",
    b"\x8b\xff\xff\xff\x7f",
    b"\x8e" + b"\xff" * 7 + b"\x7f",
    b"B\xff\xff\xff\x7f",
    b"X\xff\xff\xff\x7f",
    b"r\xff\xff\xff\x7f",
    b"j\xff\xff\xff\x7f",
    b"I" + b"9" * 5000 + b"\n",
    b"(" * 1000,
    b"]" * 1000,
    b"\x85" * 1000,
    b"R",
    b"b",
    b"Q",
    b"2",
    b"0",
    b".",
    b"}",
    b"u",
    b"s",
    b"t",
    b"\x94",
    b"\x93",
    b"\x81",
    b"\x95" + b"\xff" * 8,
)


def shape(data: bytes, rng: Random) -> bytes:
    """Another number in a safetensors header."""
    places = list(re.finditer(rb"\d+", data[8:]))
    if not places:
        return flip_bits(data, rng)
    found = rng.choice(places)
    other = rng.choice((b"0", b"-1", b"1e9", b"9" * 30, b"18446744073709551615", b"null", b"1.5"))
    return data[: 8 + found.start()] + other + data[8 + found.end() :]


def length(data: bytes, rng: Random) -> bytes:
    """Another length of a safetensors header."""
    numbers = (0, 1, 8, len(data) - 9, len(data), 10**8, 2**31, 2**63, 2**64 - 1)
    return struct.pack("<Q", max(0, rng.choice(numbers))) + data[8:]


WEIGHTS: dict[str, Sequence[Mutation]] = {
    ".pth": (in_zip, in_zip, pickle_code),
    ".safetensors": (shape, length),
}
