"""Corrupt files. Kind, seed and index determine a file and the command line that reads it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fuzz import (
    corrupt_checkpoints,
    corrupt_pictures,
    corrupt_texts,
    corrupt_weights,
    mutations,
    seeds,
    valid_checkpoints,
)
from fuzz.mutations import Mutation
from fuzz.seeds import Seed


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        seeds: Returns the valid files.
        mutations: By extension, the mutations that know the format.
        arguments: Command lines with such a file, which is called FILE.
    """

    seeds: Callable[[], Sequence[Seed]]
    mutations: Mapping[str, Sequence[Mutation]]
    arguments: Sequence[tuple[str, ...]]


RUN = ("run", "--steps", "2", "--device", "cpu", "-o", "out/out.png", "-q")
PAINT = (*RUN, "--size", "16x24", "--max-pixels", "2000000")
RESUME = ("run", "-q", "--resume", "FILE", "--checkpoint", "tmp/c")

KINDS: Mapping[str, Kind] = {
    "pictures": Kind(
        seeds.pictures,
        corrupt_pictures.PICTURES,
        (
            *[(*PAINT, "FILE", "style.png")] * 3,
            *[(*PAINT, "--keep-exif", "--keep-alpha", "--bits", "16", "FILE", "style.png")] * 3,
            (*PAINT, "style.png", "FILE", "style.png"),
            (*PAINT, "--init", "FILE", "style.png", "style.png"),
            ("recipe", "FILE"),
        ),
    ),
    "weights": Kind(
        seeds.weights,
        corrupt_weights.WEIGHTS,
        ((*PAINT, "style.png", "style.png", "--weights", "FILE"),),
    ),
    "texts": Kind(
        seeds.texts,
        corrupt_texts.TEXTS,
        (
            *[(*PAINT, "style.png", "style.png", "--config", "FILE")] * 3,
            (*RUN, "style.png", "style.png", "--config", "FILE"),
        ),
    ),
    "checkpoints": Kind(
        valid_checkpoints.checkpoints,
        corrupt_checkpoints.CHECKPOINTS,
        (
            *[(*RESUME, "-o", "out/out.png")] * 2,
            (*RESUME, "--backend", "fake", "style.png", "style.png", "--device", "cpu"),
            RESUME,
        ),
    ),
}


class Case(NamedTuple):
    """One corrupt file.

    Attributes:
        name: The valid file and the mutations that it was made by.
        path: The file, relative to the working directory.
        data: Its bytes.
        hole: Number of zero bytes after them.
        arguments: The command line of nst.
    """

    name: str
    path: str
    data: bytes
    hole: int
    arguments: tuple[str, ...]

    def write(self, directory: Path) -> None:
        with (directory / self.path).open("wb") as stream:
            stream.write(self.data)
            stream.truncate(len(self.data) + self.hole)


def case(kind: str, seed: int, index: int) -> Case:
    """Return the ``index``-th case of a kind; the same at any time and on any machine."""
    rng = random.Random(f"{kind} {seed} {index}")
    its = KINDS[kind]
    valid = rng.choice(its.seeds())
    pool = [*mutations.ANYWHERE, *its.mutations[valid.extension] * 6]
    data, names = valid.data, []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        mutation = rng.choice(pool)
        names.append(mutation.__name__)
        data = mutation(data, rng) if data else data
    longer = valid.hole + 1 if valid.hole else 0
    hole = rng.choice((valid.hole, valid.hole, valid.hole, 0, longer))
    path = f"in/file{valid.extension}"
    arguments = tuple(path if part == "FILE" else part for part in rng.choice(its.arguments))
    return Case(f"{valid.name}: {', '.join(names)}", path, data, hole, arguments)
