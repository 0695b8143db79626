"""Renders the gallery again: ``python -m nst_core.demo.gallery.render [NAME ...]``.

Nothing is drawn at random without a seed, so the same versions of NumPy and Pillow give the same
files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from PIL import Image

from nst_core.demo.gallery import CONTENTS, STYLES, path

WIDTH, HEIGHT = 768, 512


def render(name: str, *, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Return a picture of the gallery, at any size.

    Args:
        name: One of ``CONTENTS`` or ``STYLES``.
        width: In pixels.
        height: In pixels. The plane is 3 to 2; other proportions cut it.
    """
    module = import_module(f"nst_core.demo.gallery._{name.replace('-', '_')}")
    picture: Image.Image = module.render(width, height)
    return picture


def main(arguments: Sequence[str] | None = None) -> None:
    """Render pictures into a folder and print the path of each file.

    Args:
        arguments: The command line without the name of the program; by default that of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m nst_core.demo.gallery.render")
    parser.add_argument("names", nargs="*", metavar="NAME", help="pictures (default: all)")
    parser.add_argument(
        "--output-dir",
        type=Path,
        default=path("").parent,
        help="folder for the pictures (default: that of the package)",
    )
    options = parser.parse_args(arguments)
    known = (*CONTENTS, *STYLES)
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"unknown picture {unknown[0]!r}: known are {', '.join(known)}")
    options.output_dir.mkdir(parents=True, exist_ok=True)
    for name in options.names or known:
        file = options.output_dir / path(name).name
        render(name).save(file, quality=88, subsampling="4:4:4", optimize=True)
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
