"""Tables on stdout."""

from nst_core.terminal.tables import new_table, print_table


def test_a_row_is_one_line_where_stdout_is_no_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    table = new_table(("name", ""), [("a", "long " * 60 + "end")])
    print_table(table)
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["name"]
    assert row.split() == ["a", *["long"] * 60, "end"]
