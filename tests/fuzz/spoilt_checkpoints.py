"""How checkpoints are spoilt where it hurts: under a checksum that fits, by one who forges it."""

from __future__ import annotations

import json
import struct
import tomllib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tomli_w
from fuzz.mutations import ANYWHERE, Chance, Mutation, flip_bits
from fuzz.sound_checkpoints import ENDING
from fuzz.spoilt_texts import key, lines, meaning, value
from fuzz.spoilt_weights import length, shape
from safetensors import SafetensorError
from safetensors.numpy import load, save

from nst_core.run import checkpoint

ELSEWHERE = (
    "/tmp/nst-evil.png", "../evil.png", "out/../../evil.csv", "/etc/evil.csv", "~/evil.png",
    "/dev/null", "/proc/self/mem", "in/file.nst", "style.png", "out", "", "out/evil.gif", "\0.png",
    "x" * 300 + ".png", "-o", "/dev/fd/1",
)  # fmt: skip


def forged(change: Callable[[str, dict[str, Any], Chance], tuple[str, dict[str, Any]]]) -> Mutation:
    """Return a mutation that changes text and arrays, and puts the checksum right again."""

    def mutation(data: bytes, chance: Chance) -> bytes:
        try:
            arrays = load(data)
            text, arrays = change(_text(data), dict(arrays), chance)
            digest = checkpoint._digest(text, arrays)
            return _ordered(save(arrays, metadata={"nst": text, "sha256": digest}))
        except (SafetensorError, KeyError, TypeError, ValueError, OverflowError):
            return flip_bits(data, chance)  # an earlier mutation has left nothing to forge

    mutation.__name__ = change.__name__
    return mutation


def _ordered(data: bytes) -> bytes:
    """Return a file with its metadata in order, which the library writes in any."""
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
def position(text, arrays, chance):
    """The TOML: its grammar, its numbers, its names."""
    change = chance.choice((meaning, meaning, value, key, lines, *ANYWHERE))
    return change(text.encode(), chance).decode(errors="replace"), arrays


@forged
def inner_recipe(text, arrays, chance):
    """The recipe, which is TOML within TOML."""
    table = tomllib.loads(text)
    change = chance.choice((meaning, meaning, meaning, value, key, lines))
    table["recipe"] = change(table["recipe"].encode(), chance).decode(errors="replace")
    return tomli_w.dumps(table), arrays


@forged
def paths(text, arrays, chance):
    """Files to write and to read that are none of its business."""
    table = tomllib.loads(text)
    for _ in range(chance.choice((1, 1, 2))):
        other = chance.choice(ELSEWHERE)
        which = chance.choice(("output", "history", "plot", "content", "style", "content_mask"))
        if which in ("output", "history", "plot"):
            table["options"][which] = other
        else:
            table["options"]["run"][which] = other
    return tomli_w.dumps(table), arrays


@forged
def numbers(text, arrays, chance):
    """Values that no optimiser has left."""
    name = chance.choice(sorted(arrays))
    array = arrays[name].copy()
    new = chance.choice((np.nan, np.inf, -np.inf, -1, 0, 1e30, 2.0**63, 1e300, 0.5, 7))
    with np.errstate(over="ignore"):
        if chance.random() < 0.5 or not array.size:
            array.fill(new)
        else:
            array.reshape(-1)[chance.randrange(array.size)] = new
    return text, {**arrays, name: array}


@forged
def form(text, arrays, chance):
    """Another shape or dtype, or an array that is missing, doubled or nobody's."""
    name, other = chance.choice(sorted(arrays)), chance.choice(sorted(arrays))
    array = arrays[name]
    match chance.randrange(8):
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
                arrays[name] = array.astype(chance.choice(kinds))
        case _:
            nobody = ("state.", "state.x", "", "state.here.000.x", "state.here.1", "state.s")
            arrays[chance.choice(nobody)] = array
    return text, arrays


CHECKPOINTS: dict[str, Sequence[Mutation]] = {
    ENDING: (position, inner_recipe, paths, numbers, numbers, form, form, shape, length)
}
