"""Tables on stdout."""

import pytest

from nst_core.terminal.tables import new_table, print_table


def test_a_row_is_one_line_where_stdout_is_no_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    table = new_table(("name", ""), [("a", "long " * 60 + "end")])
    print_table(table)
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["name"]
    assert row.split() == ["a", *["long"] * 60, "end"]


@pytest.mark.parametrize("text", ["[/b]", "[b]x", ":smile:", "[link=x]y", "\x1b[1mz", "a\nb"])
def test_cells_and_headings_are_literal(capsys, text):
    print_table(new_table([text], [[text]]))
    shown = text.replace("\x1b", r"\x1b").replace("\n", " ")
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == [shown, shown]
