"""One spoilt file after another, each told by kind, seed and index alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fuzz import (
    mutations,
    seeds,
    sound_checkpoints,
    spoilt_checkpoints,
    spoilt_pictures,
    spoilt_texts,
    spoilt_weights,
)
from fuzz.mutations import Mutation
from fuzz.seeds import Seed


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        seeds: Gives the sound files.
        own: By ending, the mutations that know the format.
        arguments: For the command line, what a file of this kind is given as.
    """

    seeds: Callable[[], Sequence[Seed]]
    own: Mapping[str, Sequence[Mutation]]
    arguments: Sequence[tuple[str, ...]]


RUN = ("run", "--steps", "2", "--device", "cpu", "-o", "out/out.png", "-q")
PAINT = (*RUN, "--size", "16x24", "--max-pixels", "2000000")
RESUME = ("run", "-q", "--resume", "FILE", "--checkpoint", "tmp/c")

KINDS: Mapping[str, Kind] = {
    "pictures": Kind(
        seeds.pictures,
        spoilt_pictures.PICTURES,
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
        spoilt_weights.WEIGHTS,
        ((*PAINT, "style.png", "style.png", "--weights", "FILE"),),
    ),
    "texts": Kind(
        seeds.texts,
        spoilt_texts.TEXTS,
        (
            *[(*PAINT, "style.png", "style.png", "--config", "FILE")] * 3,
            (*RUN, "style.png", "style.png", "--config", "FILE"),
        ),
    ),
    "checkpoints": Kind(
        sound_checkpoints.checkpoints,
        spoilt_checkpoints.CHECKPOINTS,
        (
            *[(*RESUME, "-o", "out/out.png")] * 2,
            (*RESUME, "--backend", "fake", "style.png", "style.png", "--device", "cpu"),
            RESUME,
        ),
    ),
}


class Case(NamedTuple):
    """One spoilt file.

    Attributes:
        name: From which file, by which mutations.
        path: The file, relative to the working directory.
        data: Its bytes.
        hole: Zero bytes after them.
        arguments: What nst is called with.
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
    chance = random.Random(f"{kind} {seed} {index}")
    its = KINDS[kind]
    sound = chance.choice(its.seeds())
    pool = [*mutations.ANYWHERE, *its.own[sound.ending] * 6]
    data, names = sound.data, []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        mutation = chance.choice(pool)
        names.append(mutation.__name__)
        data = mutation(data, chance) if data else data
    longer = sound.hole + 1 if sound.hole else 0
    hole = chance.choice((sound.hole, sound.hole, sound.hole, 0, longer))
    path = f"in/file{sound.ending}"
    arguments = tuple(path if part == "FILE" else part for part in chance.choice(its.arguments))
    return Case(f"{sound.name}: {', '.join(names)}", path, data, hole, arguments)
