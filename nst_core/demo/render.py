"""Renders the two demo pictures anew: ``python -m nst_core.demo.render [--output-dir DIR]``.

The seeds are fixed, so the same NumPy and Pillow give the same files.
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
    """Render both pictures into a folder and write each file's path to standard output.

    Args:
        arguments: The command line without the program's name; by default the process's own.
    """
    parser = argparse.ArgumentParser(prog="python -m nst_core.demo.render", description=__doc__)
    parser.add_argument(
        "--output-dir",
        type=Path,
        default=landscape().parent,
        help="folder for the pictures (default: the package's own)",
    )
    folder: Path = parser.parse_args(arguments).output_dir
    folder.mkdir(parents=True, exist_ok=True)
    _write(Landscape().render(WIDTH, HEIGHT), folder / landscape().name)
    _write(Painting().render(WIDTH, HEIGHT), folder / painting().name)


def _write(picture: Image.Image, path: Path) -> None:
    # Without chroma subsampling: thin strokes of complementary colours would bleed.
    picture.save(path, quality=92, subsampling="4:4:4", optimize=True)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
