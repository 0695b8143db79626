"""Tables on stdout: wrapped to the width of a terminal, one line per row elsewhere."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

_NO_WRAP = 10_000
"""Characters per line where stdout is a file or a pipe."""


def new_table(*columns: str) -> Table:
    """Return an empty table with these column headings."""
    table = Table(box=None, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_table(table: Table) -> None:
    """Print a table to stdout."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_NO_WRAP)
    console.print(table)
