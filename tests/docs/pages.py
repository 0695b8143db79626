"""The pages of README and of the documentation, and the code blocks in them."""

from __future__ import annotations

import re
import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = (*(ROOT / name for name in TOP), *sorted((ROOT / "docs").rglob("*.md")))

_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S
)
_SNIPPET = '--8<-- "'


@dataclass(frozen=True)
class Block:
    """A fenced code block."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(language: str) -> list[Block]:
    """Return every block of a language, without those that only include a file."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            body = textwrap.dedent(match["text"])
            if match["language"] == language and not body.startswith(_SNIPPET):
                line = text.count("\n", 0, match.start()) + 1
                found.append(Block(page, line, language, body))
    return found


def commands(block: Block) -> list[list[str]]:
    """Return the commands of a shell block, each as words; ``>`` stays a word."""
    found = []
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while "&&" in words:
            at = words.index("&&")
            found.append(words[:at])
            words = words[at + 1 :]
        if words:
            found.append(words)
    return [_without_uv(words) for words in found]


def _without_uv(words: list[str]) -> list[str]:
    """Remove ``uv run`` and its options: they say what is installed, not what is run."""
    if words[:2] != ["uv", "run"]:
        return words
    words = words[2:]
    while words and words[0].startswith("--"):
        words = words[1:] if words[0] == "--all-extras" else words[2:]
    return words
