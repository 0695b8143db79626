"""Makes the picture at the top of README: content and style on the left, the painting beside them.

    python benchmarks/hero.py --directory out --output docs/hero.jpg

The painting is the demo pair in the preset ``best`` with a longest side of 640 pixels. A painting
that is already in the directory (``hero.png``) is used as it is. No time is measured.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import PIL.Image

from nst_core import demo, images

SIZE = 640
"""Longest side of the painting, in pixels."""

GAP = 8
"""Space between the pictures, in pixels."""


def paint(directory: Path) -> Path:
    """Paint the demo pair, unless the painting is already there, and return its path."""
    output = directory / "hero.png"
    if not output.exists():
        command = [sys.executable, "-m", "nst_core.cli", "run", "--preset", "best"]
        subprocess.run(
            [*command, "--size", str(SIZE), "--quiet", "--output", str(output)], check=True
        )
    return output


def compose(
    content: PIL.Image.Image, style: PIL.Image.Image, painting: PIL.Image.Image
) -> PIL.Image.Image:
    """Return the three pictures on one white sheet; the painting keeps its size."""
    half = (painting.height - GAP) // 2
    left = [
        picture.resize(
            (round(picture.width * half / picture.height), half), PIL.Image.Resampling.LANCZOS
        )
        for picture in (content, style)
    ]
    column = max(picture.width for picture in left)
    sheet = PIL.Image.new("RGB", (column + GAP + painting.width, painting.height), "white")
    sheet.paste(left[0], (0, 0))
    sheet.paste(left[1], (0, painting.height - half))
    sheet.paste(painting, (column + GAP, 0))
    return sheet


def main() -> None:
    """Read the command line, paint what is missing and write the sheet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    given.directory.mkdir(parents=True, exist_ok=True)
    painting = images.read(paint(given.directory))
    sheet = compose(images.read(demo.landscape()), images.read(demo.painting()), painting)
    sheet.save(given.output, quality=88)


if __name__ == "__main__":
    main()
