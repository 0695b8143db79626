"""What every script has in common: its command line, and how a record becomes table and figure."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from matplotlib.figure import Figure
from pydantic import BaseModel

from measuring import results

Content = TypeVar("Content", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark(Generic[Content]):
    """A kind of record, and what is made of one.

    Attributes:
        kind: Its name in the file, from which ``tables.py`` finds this benchmark.
        content: The class of the records.
        table: Returns a record as Markdown, without a newline at the end.
        figure: Draws a record.
    """

    kind: str
    content: type[Content]
    table: Callable[[Content], str]
    figure: Callable[[Content], Figure]

    def load(self, content: dict[str, Any]) -> str:
        """Return the table of a record that was read from a file."""
        return self.table(self.content.model_validate(content)) + "\n"

    def save(self, output: Path, content: Content) -> None:
        """Write OUTPUT.json, OUTPUT.md and OUTPUT.png, and print the table."""
        table, figure = self.table(content) + "\n", self.figure(content)
        results.write(output, self.kind, content, table=table, figure=figure)


def sizes(text: str) -> list[str]:
    """Return the sizes of a comma-separated list."""
    return [part.strip() for part in text.split(",")]


_VARIANT = "a program and its settings: nst-pytorch, nst-pytorch@conv=direct,preset=gala"
_OPTIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "variant": ("variant", {"metavar": "VARIANT", "help": _VARIANT}),
        "variants": ("variants", {"metavar": "VARIANT", "nargs": "+", "help": _VARIANT}),
        "size": ("--size", {"help": "as of nst run: 300x450, 512, short:256"}),
        "sizes": (
            "--size",
            {"dest": "sizes", "type": sizes, "metavar": "SIZE[,...]", "help": "one or more"},
        ),
        "rounds": ("--rounds", {"type": int, "help": "measurements of each variant"}),
        "repeats": ("--repeats", {"type": int, "help": "measurements of each layer"}),
        "steps": ("--steps", {"type": int, "help": "steps of each run"}),
        "warm_up": (
            "--warm-up",
            {"type": int, "help": "unmeasured steps before those"},
        ),
        "preset": ("--preset", {"help": "the preset of nst"}),
        "device": ("--device", {"help": "auto, cpu, cuda, cuda:N, mps"}),
        "content": ("--content", {"type": Path, "help": "the content picture"}),
        "style": ("--style", {"type": Path, "help": "the style picture"}),
        "directory": (
            "--directory",
            {
                "type": Path,
                "help": "for the pictures; existing ones are not painted again",
            },
        ),
        "output": ("--output", {"type": Path, "help": "path of the results, without an extension"}),
        "output_file": ("--output", {"dest": "output_file", "type": Path, "metavar": "FILE"}),
    }
)


def parser(doc: str | None, *required: str, **defaults: object) -> argparse.ArgumentParser:
    """Return a parser with some of the common arguments.

    Args:
        doc: The script's docstring, of which ``--help`` shows the first line.
        *required: Names of arguments that must be given.
        **defaults: Names of options, and their values where they are not given.
    """
    found = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    for name in required:
        flag, keywords = _OPTIONS[name]
        must = {"required": True} if flag.startswith("--") else {}
        found.add_argument(flag, **{**keywords, **must})
    for name, default in defaults.items():
        flag, keywords = _OPTIONS[name]
        note = "" if default is None else "(default: %(default)s)"
        text = f"{keywords.get('help', '')} {note}".strip()
        found.add_argument(flag, **{**keywords, "default": default, "help": text})
    return found
