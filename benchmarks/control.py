"""Paints the contact sheet of a painter's options: the demo pair, one option changed per picture.

    python benchmarks/control.py --directory out --output docs/control.jpg

Pictures that are in the directory already are not painted again. The two styles are the painting's
sky and its field. The edge of the mask is the far shore of the lake. No time is measured.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import PIL.Image
from click.testing import CliRunner

from measuring import script
from nst_core import demo, images
from nst_core.cli.run import command
from nst_core.compare.sheet import Cell, contact_sheet

COLUMNS = 5
CELL = (240, 160)


class Choice(NamedTuple):
    """One picture: its styles, the options that make it, and the text below it."""

    name: str
    options: str = ""
    styles: tuple[str, ...] = ("painting",)
    note: str = ""
    caption: str = ""


BOTH = ("field", "sky")
CHOICES = (
    Choice("plain", note="the preset fast, 40 steps"),
    Choice("two", "", BOTH, "field and sky, equal shares"),
    Choice("blend", "--style-blend 1,4", BOTH, "a fifth field"),
    Choice("masks", "--content-mask mask.png", BOTH, "field below, sky above"),
    Choice("scale", "--style-scale 2", note="broader strokes"),
    Choice("size", "--style-size 75x112", note="finer strokes"),
    Choice("colours-content", "--colors content"),
    Choice("colours-match", "--colors match"),
    Choice(
        "average",
        "--pooling average --style-weight 1e6 --content-weight 30",
        caption="--pooling average",
        note="--style-weight 1e6 --content-weight 30",
    ),
    Choice("replicate", "--padding replicate"),
    Choice("wasserstein", "--statistics wasserstein --style-weight 10"),
    Choice(
        "scaled",
        "--content-distance scaled --style-distance scaled --style-weight 0.5",
        caption="both distances scaled",
        note="--style-weight 0.5",
    ),
)


def prepare(directory: Path) -> None:
    """Write the inputs, which are made of the demo pair: both pictures, two crops and the mask."""
    painting, landscape = images.read(demo.painting()), images.read(demo.landscape())
    width, height = painting.size
    painting.save(directory / "painting.png")
    landscape.save(directory / "landscape.png")
    painting.crop((0, 0, width, height * 66 // 100)).save(directory / "sky.png")
    painting.crop((0, height * 71 // 100, width, height)).save(directory / "field.png")
    mask = PIL.Image.new("L", landscape.size, "black")
    shore = landscape.height * 61 // 100
    mask.paste("white", (0, 0, landscape.width, shore))
    mask.save(directory / "mask.png")


def paint(choice: Choice, directory: Path, *, size: str, steps: int) -> None:
    """Paint one picture with the command line, unless it is in the directory."""
    output = directory / f"{choice.name}-painted.png"
    if output.exists():
        return
    options = [
        str(directory / part) if part.endswith(".png") else part
        for part in shlex.split(choice.options)
    ]
    pictures = [str(directory / f"{name}.png") for name in ("landscape", *choice.styles)]
    how = ["--preset", "fast", "--size", size, "--steps", str(steps), "--quiet"]
    result = CliRunner().invoke(command, [*pictures, *how, *options, "--output", str(output)])
    if result.exit_code:
        raise SystemExit(f"{choice.name}: {result.output}")


def cells(directory: Path) -> Iterator[Cell]:
    """Yield what the sheet shows."""

    def picture(name: str) -> PIL.Image.Image:
        return images.read(directory / f"{name}.png")

    yield Cell(picture("landscape"), "content")
    yield Cell(picture("painting"), "style")
    yield Cell(picture("mask"), "mask.png", "black: the first style")
    for choice in CHOICES:
        caption = choice.caption or choice.options or choice.note
        note = choice.note if choice.note != caption else ""
        yield Cell(picture(f"{choice.name}-painted"), caption, note)


def main() -> None:
    """Paint what is missing and write the sheet."""
    options = script.parser(
        __doc__, "directory", "output_file", size="150x225", steps=40
    ).parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    prepare(options.directory)
    for choice in CHOICES:
        paint(choice, options.directory, size=options.size, steps=options.steps)
    found = list(cells(options.directory))
    rows = [found[index : index + COLUMNS] for index in range(0, len(found), COLUMNS)]
    contact_sheet(rows, CELL).save(options.output_file, quality=82)


if __name__ == "__main__":
    main()
