"""The sheet with all pictures side by side: inputs, results, and differences of backends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from nst_core import images
from nst_core.compare.agreement import by_preset
from nst_core.compare.record import Measurement
from nst_core.compare.report import Report, picture_differences
from nst_core.system.names import display_path

AMPLIFICATION = 16
"""Factor by which differences are made visible."""

# In pixels: between the cells, and the least and the largest width of a cell.
_GAP, _NARROWEST, _WIDEST = 24, 360, 720
_PAPER, _INK, _GREY = (250, 250, 248), (32, 32, 32), (110, 110, 110)


class Cell(NamedTuple):
    """A picture, its caption, and a smaller line below the caption."""

    picture: PIL.Image.Image | None
    caption: str
    note: str = ""


def write_sheet(
    report: Report, path: Path, *, content: PIL.Image.Image, styles: Sequence[PIL.Image.Image]
) -> None:
    """Draw the sheet.

    Args:
        report: The result of the comparison.
        path: A PNG file.
        content: The content picture.
        styles: The style pictures.
    """
    height, width = report.measurements[0].image.shape[:2]
    factor = min(max(width, _NARROWEST), _WIDEST) / width
    size = (round(width * factor), max(1, round(height * factor)))
    rows = [
        [
            Cell(content, "content", display_path(Path(report.settings.content).name)),
            *(
                Cell(style, "style", display_path(Path(name).name))
                for style, name in zip(styles, report.settings.run.style, strict=True)
            ),
        ],
        *result_rows(report.measurements),
    ]
    contact_sheet(rows, size).save(path, format="PNG")


def result_rows(measurements: Sequence[Measurement]) -> list[list[Cell]]:
    """Return one row per preset: its results, then their differences.

    Presets with a single result share rows of three.
    """
    differences = picture_differences(measurements)
    rows: list[list[Cell]] = []
    singles: list[list[Cell]] = []
    for group in by_preset(measurements):
        row = [_result(one, with_losses=len(group) > 1) for one in group]
        row += [
            Cell(
                _amplified(first, second),
                f"difference, {AMPLIFICATION} times",
                f"{first.record.label} and {second.record.label}: "
                f"mean {found['mean']:.1e}, largest {found['largest']:.1e}",
            )
            for first, second, found in differences
            if first is group[0]
        ]
        (rows if len(row) > 1 else singles).append(row)
    cells = [row[0] for row in singles]
    return [*rows, *(cells[index : index + 3] for index in range(0, len(cells), 3))]


def _result(one: Measurement, *, with_losses: bool) -> Cell:
    """Return the cell of a result.

    Seconds and losses are shown only beside other results of the same preset, where comparing
    them makes sense; else the sizes.
    """
    record = one.record
    note = f"{record.backend} {record.version}, {len(record.steps)} steps"
    if with_losses:
        note += f", {record.seconds_per_step:.3f} s/step, total {record.steps[-1].total:.4g}"
    else:
        note += " at " + ", ".join(f"{height}x{width}" for height, width in record.sizes)
    return Cell(PIL.Image.fromarray(images.to_8bit(one.image)), record.label, note)


def _amplified(first: Measurement, second: Measurement) -> PIL.Image.Image:
    apart = np.abs(np.clip(first.image, 0, 1) - np.clip(second.image, 0, 1))
    return PIL.Image.fromarray(images.to_8bit(apart * AMPLIFICATION))


def contact_sheet(rows: Sequence[Sequence[Cell]], size: tuple[int, int]) -> PIL.Image.Image:
    """Return a sheet with the rows of cells, each picture scaled to fit ``size``.

    Args:
        rows: The cells; rows may differ in length.
        size: (width, height) of a cell's picture in pixels.
    """
    width, height = size
    large, small = max(16, width // 22), max(12, width // 32)
    pitch = (width + _GAP, height + _GAP + 2 * (large + small))
    columns = max(len(row) for row in rows)
    whole = (_GAP + columns * pitch[0], _GAP + len(rows) * pitch[1])
    sheet = PIL.Image.new("RGB", whole, _PAPER)
    draw = ImageDraw.Draw(sheet)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            left, top = _GAP + x * pitch[0], _GAP + y * pitch[1]
            if cell.picture is not None:
                fitted = _scaled_to_fit(cell.picture, size)
                sheet.paste(fitted, (left + (width - fitted.width) // 2, top))
            below = top + height + large // 3
            _write(draw, (left, below), cell.caption, large, _INK, width)
            _write(draw, (left, below + large * 5 // 4), cell.note, small, _GREY, width)
    return sheet


def _scaled_to_fit(picture: PIL.Image.Image, size: tuple[int, int]) -> PIL.Image.Image:
    """Return a picture scaled to fit ``size``, in its own proportions."""
    ratio = min(size[0] / picture.width, size[1] / picture.height)
    new = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    return picture.resize(new, PIL.Image.Resampling.LANCZOS)


def _write(
    draw: ImageDraw.ImageDraw,
    position: tuple[int, int],
    text: str,
    size: int,
    colour: tuple[int, int, int],
    width: int,
) -> None:
    """Write a line within ``width`` pixels: smaller if necessary, and cut if that is not enough."""
    while size > 9 and draw.textlength(text, font=ImageFont.load_default(size)) > width:
        size -= 1
    font = ImageFont.load_default(size)
    while len(text) > 1 and draw.textlength(text, font=font) > width:
        text = text[:-2] + "…"
    draw.text(position, text, font=font, fill=colour)
