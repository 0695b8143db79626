"""Markdown tables, as the report of a comparison and the benchmarks write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, aligned: bool = False
) -> str:
    """Return a table as Markdown, one line per row, without a newline at the end.

    Args:
        columns: The headings; a heading may be empty.
        rows: The cells of each row, as many as there are columns. Cells are plain text: what
            would be Markdown or HTML in them is escaped.
        aligned: Pads the cells, so that the columns are aligned in plain text too. Without it, a
            changed cell changes only its own line, which suits files under version control.
    """
    cells = [[escaped(cell) for cell in row] for row in (columns, *rows)]
    if not aligned:
        lines = ["|" + "".join(f" {cell} |" if cell else " |" for cell in row) for row in cells]
        lines.insert(1, "|---" * len(columns) + "|")
        return "\n".join(lines)
    widths = [max(3, *(len(cell) for cell in column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    )


def escaped(text: str) -> str:
    r"""Return text that Markdown shows as it is: one line, with ``\|<*`[`` escaped."""
    flat = " ".join(text.split())
    for character in "\\|<*`[":
        flat = flat.replace(character, f"\\{character}")
    return flat
