"""Blind pairwise choices: which questions are asked, and what was answered."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np

from judging.exhibits import Exhibit

Choice = Literal["left", "right", "equal"]


def read_index(path: Path) -> list[Exhibit]:
    """Read ``exhibits.json``, which ``quality.py`` wrote.

    Raises:
        SystemExit: it can't be read; one line.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return [
            Exhibit(Path(one["content"]), Path(one["style"]), one["painter"], Path(one["path"]))
            for one in data
        ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SystemExit(f"{path}: {error!r}; quality.py writes this file") from None


@dataclass
class Ballots:
    """Asks questions in random order, and keeps the answers in a file, one JSON object a line.

    Addresses of pictures are random, so that the page doesn't know who painted what.

    Attributes:
        exhibits: The painted pictures.
        votes: The file of the votes. New ones are appended.
        seed: The seed of the order of the questions, and of the sides.
    """

    exhibits: Sequence[Exhibit]
    votes: Path
    seed: int = 0
    _files: dict[str, Path] = field(default_factory=dict)
    _asked: dict[str, tuple[Exhibit, Exhibit]] = field(default_factory=dict)
    _next: int = 0

    def __post_init__(self) -> None:
        """Draw the order.

        Raises:
            SystemExit: there is nothing to choose from; one line.
        """
        generator = np.random.default_rng(self.seed)
        pairs = [
            (first, second)
            for first, second in combinations(self.exhibits, 2)
            if (first.content, first.style) == (second.content, second.style)
        ]
        if not pairs:
            raise SystemExit("no pair of pictures has two painters: paint with several presets")
        order = generator.permutation(len(pairs))
        swapped = generator.random(len(pairs)) < 0.5
        self._questions = [pairs[n][::-1] if swapped[n] else pairs[n] for n in order]

    def question(self) -> dict[str, Any]:
        """Return the next question: its id, and the addresses of four pictures."""
        left, right = self._questions[self._next % len(self._questions)]
        number = secrets.token_hex(8)
        self._asked[number] = (left, right)
        paths = {
            "content": left.content,
            "style": left.style,
            "left": left.path,
            "right": right.path,
        }
        progress = {"number": self._next + 1, "of": len(self._questions)}
        self._next += 1
        return {
            "id": number,
            **progress,
            **{key: self._address(path) for key, path in paths.items()},
        }

    def file(self, address: str) -> Path | None:
        """Return the picture at an address; None if there is none."""
        return self._files.get(address)

    def answer(self, number: object, choice: object) -> bool:
        """Keep an answer; return whether it belongs to a question that was asked."""
        if not isinstance(number, str) or choice not in ("left", "right", "equal"):
            return False
        asked = self._asked.pop(number, None)
        if asked is None:
            return False
        left, right = asked
        vote = {"pair": left.pair, "left": left.painter, "right": right.painter, "choice": choice}
        with self.votes.open("a", encoding="utf-8") as file:
            file.write(json.dumps(vote) + "\n")
        return True

    def _address(self, path: Path) -> str:
        address = f"/picture/{secrets.token_hex(8)}"
        self._files[address] = path
        return address


def tally(votes: Path) -> str:
    """Return who won against whom, as Markdown.

    Raises:
        SystemExit: a line of the file is no vote; one line.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    try:
        for line in votes.read_text(encoding="utf-8").splitlines():
            vote = json.loads(line)
            painters = {"left": vote["left"], "right": vote["right"]}
            first, second = sorted(painters.values())
            counts[first, second, painters.get(vote["choice"], "equal")] += 1
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SystemExit(f"{votes}: {error!r}") from None
    rows = ["| painter | against | won | equal | lost |", "|---|---|---|---|---|"]
    for first, second in dict.fromkeys((one, other) for one, other, _ in sorted(counts)):
        won, equal, lost = (counts[first, second, who] for who in (first, "equal", second))
        rows.append(f"| {first} | {second} | {won} | {equal} | {lost} |")
    return "\n".join(rows)
