"""Paints a pair with the preset best, with other presets, and without each part of best.

    python benchmarks/best.py presets --directory out --output out/presets.jpg
    python benchmarks/best.py ablation --directory out --output out/ablation.jpg
    python benchmarks/best.py sizes --untimed --directory out --output docs/sizes.jpg

Every picture is painted by the command line in a process of its own. Its seconds, which include the
start of Python, are printed below it. Pictures that are in the directory already are not painted
again. ``--pair CONTENT STYLE`` paints another pair than the demo's.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from measuring import script
from measuring.children import log
from nst_core import demo, images
from nst_core.compare.sheet import Cell, contact_sheet


class Choice(NamedTuple):
    """One picture: the name of its file, its caption, and the options that make it."""

    name: str
    caption: str
    options: str


BEST = "--preset best --size 300x450"
SHEETS = {
    "presets": (
        Choice("d2l-short", "d2l in best's time", "--preset d2l --size 300x450 --steps 175"),
        Choice("fast", "fast", "--preset fast --size 300x450"),
        Choice("best", "best", BEST),
    ),
    "sizes": (
        Choice("size-256", "best at 256", "--preset best --size 256"),
        Choice("size-512", "best at 512", "--preset best --size 512"),
        Choice("size-1024", "best at 1024", "--preset best --size 1024"),
    ),
    "ablation": (
        Choice("best", "best", BEST),
        Choice("content-start", "starts from the content itself", f"{BEST} --init content"),
        Choice("no-coarse", "no small stages", "--preset best --pyramid 256:300x450"),
        Choice("gram-only", "large stages: Gram alone", f"{BEST} --neighbours-weight 0"),
        Choice("nearest-only", "large stages: neighbours alone", f"{BEST} --style-weight 0"),
        Choice("no-content", "no content loss", f"{BEST} --content-weight 0"),
        Choice("no-average", "the last image, no average", f"{BEST} --average 0"),
        Choice("no-tv", "no total variation", f"{BEST} --tv-weight 0"),
    ),
}


def paint(choice: Choice, directory: Path, pair: list[str]) -> float:
    """Paint one picture, unless it is in the directory, and return the seconds that it took."""
    output, clock = directory / f"{choice.name}.png", directory / f"{choice.name}.seconds"
    if not output.exists():
        program = [sys.executable, "-m", "nst_core.cli", "run", *pair, *shlex.split(choice.options)]
        began = time.perf_counter()
        done = subprocess.run([*program, "--quiet", "--output", str(output)], check=False)
        if done.returncode:
            raise SystemExit(f"{choice.name}: failed with exit status {done.returncode}")
        clock.write_text(f"{time.perf_counter() - began:.1f}", encoding="utf-8")
    seconds = float(clock.read_text(encoding="utf-8"))
    log(f"{choice.name}: {seconds:.0f} s")
    return seconds


def main() -> None:
    """Paint what is missing and write the sheet."""
    parser = script.parser(__doc__, "directory", "output_file")
    parser.add_argument("sheet", choices=SHEETS)
    parser.add_argument("--pair", nargs=2, default=[], metavar=("CONTENT", "STYLE"))
    parser.add_argument(
        "--untimed", action="store_true", help="print no seconds; for a machine that was busy"
    )
    parser.add_argument("--columns", type=int, default=5)
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    content, style = options.pair or (demo.landscape(), demo.painting())
    cells = [Cell(images.read(content), "content"), Cell(images.read(style), "style")]
    for choice in SHEETS[options.sheet]:
        seconds = paint(choice, options.directory, options.pair)
        picture = images.read(options.directory / f"{choice.name}.png")
        took = "" if options.untimed else f" ({seconds:.0f} s)"
        cells.append(Cell(picture, choice.caption, choice.options + took))
    columns = options.columns
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    contact_sheet(rows, (360, 240)).save(options.output_file, quality=85)


if __name__ == "__main__":
    main()
