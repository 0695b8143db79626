"""Mutations of checkpoints by a forger, who corrects the checksum."""

from __future__ import annotations

import json
import struct
import tomllib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import tomli_w
from fuzz.corrupt_texts import key, lines, meaning, value
from fuzz.corrupt_weights import length, shape
from fuzz.mutations import ANYWHERE, Mutation, flip_bits
from fuzz.valid_checkpoints import EXTENSION
from safetensors import SafetensorError
from safetensors.numpy import load, save

from nst_core.run import checkpoint

ELSEWHERE = (
    "/tmp/nst-evil.png", "../evil.png", "out/../../evil.csv", "/etc/evil.csv", "~/evil.png",
    "/dev/null", "/proc/self/mem", "in/file.nst", "style.png", "out", "", "out/evil.gif", "\0.png",
    "x" * 300 + ".png", "-o", "/dev/fd/1",
)  # fmt: skip


def forged(change: Callable[[str, dict[str, Any], Random], tuple[str, dict[str, Any]]]) -> Mutation:
    """Return a mutation that changes text and arrays, and corrects the checksum."""

    def mutation(data: bytes, rng: Random) -> bytes:
        try:
            arrays = load(data)
            text, arrays = change(_text(data), dict(arrays), rng)
            digest = checkpoint._digest(text, arrays)
            return _ordered(save(arrays, metadata={"nst": text, "sha256": digest}))
        except (SafetensorError, KeyError, TypeError, ValueError, OverflowError):
            return flip_bits(data, rng)  # an earlier mutation has left nothing to forge

    mutation.__name__ = change.__name__
    return mutation


def _ordered(data: bytes) -> bytes:
    """Return a file with sorted metadata; the library writes them in any order."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def _text(data: bytes) -> str:
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size])["__metadata__"]["nst"]


@forged
def position(text, arrays, rng):
    """The TOML: its grammar, its numbers, its names."""
    change = rng.choice((meaning, meaning, value, key, lines, *ANYWHERE))
    return change(text.encode(), rng).decode(errors="replace"), arrays


@forged
def inner_recipe(text, arrays, rng):
    """The recipe, which is TOML within TOML."""
    table = tomllib.loads(text)
    change = rng.choice((meaning, meaning, meaning, value, key, lines))
    table["recipe"] = change(table["recipe"].encode(), rng).decode(errors="replace")
    return tomli_w.dumps(table), arrays


@forged
def paths(text, arrays, rng):
    """Paths to write and to read that no checkpoint should name."""
    table = tomllib.loads(text)
    for _ in range(rng.choice((1, 1, 2))):
        other = rng.choice(ELSEWHERE)
        which = rng.choice(("output", "history", "plot", "content", "style", "content_mask"))
        if which in ("output", "history", "plot"):
            table["options"][which] = other
        else:
            table["options"]["run"][which] = other
    return tomli_w.dumps(table), arrays


@forged
def numbers(text, arrays, rng):
    """Values that no optimiser leaves."""
    name = rng.choice(sorted(arrays))
    array = arrays[name].copy()
    new = rng.choice((np.nan, np.inf, -np.inf, -1, 0, 1e30, 2.0**63, 1e300, 0.5, 7))
    with np.errstate(over="ignore"):
        if rng.random() < 0.5 or not array.size:
            array.fill(new)
        else:
            array.reshape(-1)[rng.randrange(array.size)] = new
    return text, {**arrays, name: array}


@forged
def form(text, arrays, rng):
    """Another shape or dtype; a missing or an exchanged array; an array under an unknown name."""
    name, other = rng.choice(sorted(arrays)), rng.choice(sorted(arrays))
    array = arrays[name]
    match rng.randrange(8):
        case 0:
            del arrays[name]
        case 1:
            arrays[name], arrays[other] = arrays[other], array
        case 2:
            arrays[name] = array.reshape(-1)
        case 3:
            arrays[name] = array[None]
        case 4:
            arrays[name] = array[: len(array) // 2]
        case 5:
            arrays[name] = np.concatenate([array, array])
        case 6:
            kinds = ("f2", "f4", "f8", "i8", "u1", "?")
            with np.errstate(invalid="ignore", over="ignore"):
                arrays[name] = array.astype(rng.choice(kinds))
        case _:
            nobody = ("state.", "state.x", "", "state.here.000.x", "state.here.1", "state.s")
            arrays[rng.choice(nobody)] = array
    return text, arrays


CHECKPOINTS: dict[str, Sequence[Mutation]] = {
    EXTENSION: (position, inner_recipe, paths, numbers, numbers, form, form, shape, length)
}
