"""Paints contents in styles by several presets, and judges the pictures by numbers.

    python benchmarks/quality.py --directory out --presets best,fast --size 256 \
        --output benchmarks/results/quality

Pictures that are in the directory already, as PRESET/CONTENT--STYLE.png, are not painted again.
``--peers DIR`` adds pictures of other programs, DIR/PROGRAM/CONTENT--STYLE.jpg. Without
``--contents`` and ``--styles`` the project's own pictures are taken. The directory gets one sheet
for each content, SHEET-CONTENT.jpg, and exhibits.json, from which ``vote.py`` asks people.

No time is measured. The numbers are relative to the style or to the content; what they can't say is
in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from click.testing import CliRunner
from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from judging.exhibits import Exhibit, exhibits, pair_name, pictures_in
from judging.verdict import Verdict, judge
from measuring import figures, script
from measuring.record import Machine
from nst_core import demo, images
from nst_core.cli.run import command
from nst_core.compare.sheet import Cell, contact_sheet
from nst_core.demo import gallery
from nst_core.system import files

CELL = (360, 240)


class Judged(BaseModel):
    """One painted picture and its numbers.

    Attributes:
        content: The content's name.
        style: The style's name.
        painter: The preset or program.
        verdict: The numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: str
    style: str
    painter: str
    verdict: Verdict


class QualityRecord(BaseModel):
    """All pictures of one run of this script.

    Attributes:
        machine: The machine.
        size: The longest side, in pixels, at which the pictures were painted and judged.
        pictures: The pictures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    size: int
    pictures: tuple[Judged, ...]

    def painters(self) -> list[str]:
        """Return the names of all painters, in the order of the pictures."""
        return list(dict.fromkeys(one.painter for one in self.pictures))

    def values(self, painter: str, number: str) -> list[float]:
        """Return one number of all pictures of a painter."""
        return [getattr(one.verdict, number) for one in self.pictures if one.painter == painter]


def paint(content: Path, style: Path, preset: str, folder: Path, *, size: int) -> None:
    """Paint a picture with the command line, unless it is in the folder."""
    output = folder / preset / f"{pair_name(content, style)}.png"
    if output.exists():
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    options = ["--preset", preset, "--size", str(size), "--quiet", "--output", str(output)]
    result = CliRunner().invoke(command, [str(content), str(style), *options])
    if result.exit_code:
        raise SystemExit(f"{output.stem}, {preset}: {result.exception or result.output}")


def judged(exhibit: Exhibit, *, size: int) -> Judged:
    """Return a picture's numbers."""
    verdict = judge(
        images.read(exhibit.path),
        content=images.read(exhibit.content),
        style=images.read(exhibit.style),
        size=size,
    )
    return Judged(
        content=exhibit.content.stem,
        style=exhibit.style.stem,
        painter=exhibit.painter,
        verdict=verdict,
    )


def table(record: QualityRecord) -> str:
    """Return the medians of all numbers, one row for each painter, as Markdown."""
    numbers = list(Verdict.model_fields)
    rows = [
        f"| painter | pictures | {' | '.join(name.replace('_', ' ') for name in numbers)} |",
        "|---" * (2 + len(numbers)) + "|",
    ]
    for painter in record.painters():
        found = [record.values(painter, number) for number in numbers]
        values = " | ".join(f"{median(values):.3f}" for values in found)
        rows.append(f"| {painter} | {len(found[0])} | {values} |")
    return "\n".join(rows)


def draw(record: QualityRecord) -> Figure:
    """Draw each picture by its edges' agreement with the content and its distance to the style."""
    figure, axes = figures.new(
        x="agreement of edges with the content", y="sliced Wasserstein distance to the style"
    )
    for painter in record.painters():
        axes.scatter(
            record.values(painter, "edges"), record.values(painter, "sliced"), label=painter, s=18
        )
    axes.set_yscale("log")
    axes.legend()
    return figure


BENCHMARK = script.Benchmark(kind="quality", content=QualityRecord, table=table, figure=draw)


def write_sheets(found: Sequence[Exhibit], folder: Path) -> None:
    """Write a contact sheet for each content: a row for each style, a column for each painter."""
    for content in dict.fromkeys(one.content for one in found):
        of_content = [one for one in found if one.content == content]
        rows = [
            [Cell(images.read(content), "content", content.stem)]
            + [Cell(images.read(style), "style", style.stem)]
            + [Cell(images.read(one.path), one.painter) for one in of_content if one.style == style]
            for style in dict.fromkeys(one.style for one in of_content)
        ]
        contact_sheet(rows, CELL).save(folder / f"sheet-{content.stem}.jpg", quality=85)


def write_index(found: Sequence[Exhibit], folder: Path) -> None:
    """Write which pictures there are, for ``vote.py``."""
    data = [{key: str(value) for key, value in one._asdict().items()} for one in found]
    with files.atomic_writer(folder / "exhibits.json") as temporary:
        temporary.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _own(kind: str) -> Iterator[Path]:
    yield demo.landscape() if kind == "contents" else demo.painting()
    for name in gallery.CONTENTS if kind == "contents" else gallery.STYLES:
        yield gallery.path(name)


def _parser() -> argparse.ArgumentParser:
    parser = script.parser(__doc__, "directory", "output")
    parser.add_argument("--contents", type=Path, help="a folder (default: the project's own)")
    parser.add_argument("--styles", type=Path, help="a folder (default: the project's own)")
    parser.add_argument("--peers", type=Path, help="a folder of PROGRAM/CONTENT--STYLE.jpg")
    parser.add_argument("--presets", default="best", help="with commas (default: %(default)s)")
    parser.add_argument("--size", type=int, default=256, help="longest side (default: %(default)s)")
    return parser


def main() -> None:
    """Paint what is missing, judge everything, and write the record and the sheets."""
    options = _parser().parse_args()
    contents = pictures_in(options.contents) if options.contents else list(_own("contents"))
    styles = pictures_in(options.styles) if options.styles else list(_own("styles"))
    machine = Machine.here()
    for content in contents:
        for style in styles:
            for preset in options.presets.split(","):
                paint(content, style, preset.strip(), options.directory, size=options.size)
    folders = [options.directory, *([options.peers] if options.peers else [])]
    found = list(exhibits(contents, styles, folders))
    record = QualityRecord(
        machine=machine,
        size=options.size,
        pictures=tuple(judged(one, size=options.size) for one in found),
    )
    write_sheets(found, options.directory)
    write_index(found, options.directory)
    BENCHMARK.save(options.output, record)


if __name__ == "__main__":
    main()
