"""Renders the two demo pictures again: ``python -m nst_core.demo.render [--output-dir DIR]``.

The seeds are fixed, so the same versions of NumPy and Pillow give the same files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from nst_core.demo import landscape, painting
from nst_core.demo._landscape import Landscape
from nst_core.demo._painting import Painting

WIDTH, HEIGHT = 900, 600


def main(arguments: Sequence[str] | None = None) -> None:
    """Render both pictures into a folder and print the path of each file.

    Args:
        arguments: The command line without the name of the program; by default that of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m nst_core.demo.render", description=__doc__)
    parser.add_argument(
        "--output-dir",
        type=Path,
        default=landscape().parent,
        help="folder for the pictures (default: that of the package)",
    )
    folder: Path = parser.parse_args(arguments).output_dir
    folder.mkdir(parents=True, exist_ok=True)
    _write(Landscape().render(WIDTH, HEIGHT), folder / landscape().name)
    _write(Painting().render(WIDTH, HEIGHT), folder / painting().name)


def _write(picture: Image.Image, path: Path) -> None:
    # No chroma subsampling: it would mix the colours of neighbouring thin strokes.
    picture.save(path, quality=92, subsampling="4:4:4", optimize=True)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
