"""Which pictures there are: contents, styles, and what presets and other programs made of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_JOINT = "--"


class Exhibit(NamedTuple):
    """One painted picture.

    Attributes:
        content: The path of the content.
        style: The path of the style.
        painter: The name of the preset or program.
        path: The path of the picture.
    """

    content: Path
    style: Path
    painter: str
    path: Path

    @property
    def pair(self) -> str:
        """The name of its pair of pictures."""
        return pair_name(self.content, self.style)


def pair_name(content: Path, style: Path) -> str:
    """Return the name, without an extension, of what is made of two pictures."""
    return f"{content.stem}{_JOINT}{style.stem}"


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures in a folder, sorted by their names.

    Raises:
        SystemExit: there are none; one line.
    """
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES)
    if not found:
        raise SystemExit(f"{folder}: holds no pictures (JPEG, PNG or WebP)")
    return found


def exhibits(contents: list[Path], styles: list[Path], folders: list[Path]) -> Iterator[Exhibit]:
    """Yield every painted picture of these contents and styles, pair by pair.

    Args:
        contents: The contents.
        styles: The styles.
        folders: Folders of painters: each holds PAINTER/CONTENT--STYLE.jpg or another format.
    """
    painters = [
        painter for folder in folders for painter in sorted(folder.glob("*")) if painter.is_dir()
    ]
    for content in contents:
        for style in styles:
            name = pair_name(content, style)
            for painter in painters:
                for path in sorted(painter.glob("*")):
                    if path.stem == name and path.suffix.lower() in _SUFFIXES:
                        yield Exhibit(content, style, painter.name, path)
