"""Makes the small pictures of the presets that ``nst studio`` shows on its cards.

    python benchmarks/studio_cards.py --directory nst_core/studio/page/cards

The documents' presets are cut out of ``docs/documents.jpg``, which ``benchmarks/slides.py`` and its
neighbours made. All others are painted: the demo pair with a longest side of 216 pixels. Cards that
are there already stay. No time is measured.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import PIL.Image

import nst_core as nst
from nst_core import demo
from nst_core.spec import presets, stage_overrides

SIZE = "216"
"""Longest side of what is painted, in pixels."""

SHEET = Path(__file__).parents[1] / "docs" / "documents.jpg"
PLACES = {
    "d2l": (24, 344),
    "d2l-mxnet": (408, 344),
    "d2l-fr": (792, 344),
    "d2l-fr-mxnet": (408, 344),  # the same picture: 1e4 once is 1e3 ten times
    "d2l-slides": (24, 664),
    "d2lzh": (408, 664),
    "gala": (792, 664),
}
"""The left and upper edge of each document's picture on the sheet."""

PANEL = (360, 240)


def cut(name: str) -> PIL.Image.Image:
    """Return a document's picture from the sheet."""
    left, top = PLACES[name]
    box = (left, top, left + PANEL[0], top + PANEL[1])
    return PIL.Image.open(SHEET).convert("RGB").crop(box)


def main() -> None:
    """Read the command line and make what is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--directory", type=Path, required=True)
    directory: Path = parser.parse_args().directory
    for name in presets.names():
        path = directory / f"{name}.jpg"
        if path.exists():
            continue
        if name in PLACES:
            cut(name).save(path, quality=85)
            continue
        spec = stage_overrides.with_stages(presets.load(name), sizes=[SIZE], steps=())
        nst.transfer(demo.landscape(), demo.painting(), spec=spec).save(path)


if __name__ == "__main__":
    main()
