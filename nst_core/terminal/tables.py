"""Tables on stdout: wrapped to the width of a terminal, one line per row elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nst_core.system.names import printable
from nst_core.terminal.streams import write

_NO_WRAP = 10_000
"""Characters per line where stdout is a file or a pipe."""


def new_table(columns: Iterable[str], rows: Iterable[Iterable[str]] = ()) -> Table:
    """Return a table.

    Args:
        columns: The headings.
        rows: The cells of each row. All text is shown as it is: brackets and colons are not the
            markup of rich, and characters that can't be printed become escapes.
    """
    table = Table(box=None, header_style="bold")
    for column in columns:
        table.add_column(_literal(column), overflow="fold")
    for row in rows:
        table.add_row(*map(_literal, row))
    return table


def print_table(table: Table) -> None:
    """Print a table to stdout."""
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console = Console(width=_NO_WRAP, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(table)
    write(captured.get())


def _literal(text: str) -> Text:
    return Text(" ".join(printable(text).split("\n")))
