"""Mutations of config files and recipes: of their grammar, and of their values."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Sequence
from random import Random
from typing import Any

import tomli_w
from fuzz.mutations import Mutation, flip_bits

VALUES = (
    b"nan",
    b"inf",
    b"-inf",
    b"-1",
    b"0",
    b"1e999",
    b"1" + b"0" * 400,
    b"9" * 5000,
    b"0x7fffffffffffffffffff",
    b"true",
    b'""',
    b'"content"',
    b"'../../etc/passwd'",
    b'"/dev/zero"',
    b'"."',
    b'"\\u0000"',
    b'"\\n\\r\\t"',
    b'"' + b"x" * 100000 + b'"',
    '"\u202e\u00e9\U0001f5bc"'.encode(),
    b"[]",
    b"{}",
    b"[[]]",
    b"[" * 200 + b"]" * 200,
    b"[" * 5000 + b"]" * 5000,
    b"{a = {b = {c = 1}}}",
    b'["relu1_1", "relu1_1"]',
    b'["relu9_9"]',
    b"[0, 5, 10, 36, 37, -1]",
    b"{relu1_1 = nan}",
    b"{relu1_1 = 1e308, relu2_1 = 1e308}",
    b"1979-05-27T07:32:00Z",
    b"07:32:00",
    b'"65536"',
    b'"65535x65535"',
    b'"short:1"',
    b'"1x1"',
    b"16",
    b'"lbfgs"',
    b'"float64"',
    b'"noise"',
)


def value(data: bytes, rng: Random) -> bytes:
    """Another value after an equals sign."""
    places = list(re.finditer(rb"= *([^\n]*)", data))
    if not places:
        return flip_bits(data, rng)
    found = rng.choice(places)
    return data[: found.start(1)] + rng.choice(VALUES) + data[found.end(1) :]


def meaning(data: bytes, rng: Random) -> bytes:
    """Another value for a field, in valid TOML, which the spec has to check."""
    try:
        table = tomllib.loads(data.decode())
        for _ in range(rng.choice((1, 1, 2, 3))):
            place: Any = table
            while True:
                name = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
                if not isinstance(place[name], dict | list) or not place[name]:
                    break
                if rng.random() < 0.15:
                    break
                place = place[name]
            place[name] = rng.choice(MEANINGS)
        return tomli_w.dumps(table).encode()
    except (ValueError, IndexError, TypeError, RecursionError):
        return value(data, rng)


MEANINGS: Sequence[Any] = (
    *(0, 1, -1, 2, 3, 16, 64, 4096, 65535, 65536, 10**6, 10**12, 2**31, 2**63, 2**64, 10**30),
    *(0.0, -0.0, 0.5, 1.0, 1e-300, 1e300, -1.5, float("nan"), float("inf"), 0.999999),
    *("", " ", "x", "16", "16x24", "24", "short:16", "1", "65535", "65535x16", "65535x65535"),
    *("10000x10000", "content", "noise", "style.png", "/dev/zero", "/", ".", "../..", "\0", "a\nb"),
    *(
        "adam",
        "lbfgs",
        "strong_wolfe",
        "mxnet",
        "paper",
        "float64",
        "float16",
        "random",
        "random:9",
    ),
    *("bundled", "caffe:x", "cpu", "cuda:0", "auto", "fake", "d2l", "gala", "x" * 10000, "\u202e"),
    *(True, False, [], {}, [[]], [1], [0.5, 0.5], ["relu1_1"], ["relu5_4", "relu1_1"], ["relu9_9"]),
    *([0, 5], [0, 37], {"relu1_1": 1e308}, {"conv5_4": 0}, {"x": 1}, [0.999, 0.999], [1.0, 1.0]),
    *(datetime.date(2000, 1, 1), datetime.time(1), [{"size": 16, "steps": 1}] * 3),
    *([{"size": "16", "steps": 10**9}], [{"size": "30000", "steps": 1}], {"name": "lbfgs"}),
    *({"name": "lbfgs", "history": 10**6}, {"name": "lbfgs", "history": 10**15}, {"a": {"b": {}}}),
)


def key(data: bytes, rng: Random) -> bytes:
    """Another key, another table, or a new line."""
    lines = data.split(b"\n")
    place = rng.randrange(len(lines))
    new = (
        b"[style]",
        b"[[stages]]\nsize = 16\nsteps = 1",
        b"[optimiser]",
        b'name = "lbfgs"',
        b"[run]",
        b"preset = 3",
        b'preset = "../x"',
        b"weight = 1",
        b"style.weight = 2",
        b"a.b.c.d = 1",
        b'"" = 1',
        b"[made_with]",
        b"=",
        b"\xff\xfe",
    )
    lines[place : place + rng.choice((0, 1))] = [rng.choice(new)]
    return b"\n".join(lines)


def lines(data: bytes, rng: Random) -> bytes:
    """The lines in another order, or one of them many times."""
    found = data.split(b"\n")
    if rng.random() < 0.5:
        rng.shuffle(found)
    else:
        place = rng.randrange(len(found))
        found[place:place] = [found[place]] * rng.choice((1, 2, 1000))
    return b"\n".join(found)


TEXTS: dict[str, Sequence[Mutation]] = {".toml": (*[meaning] * 6, value, value, key, lines)}
