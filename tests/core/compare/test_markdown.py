"""Markdown tables."""

from nst_core.compare.markdown import escaped, markdown_table


def test_a_table_has_one_line_per_row():
    assert markdown_table(("", "a", ""), [("x", "1 | 2", "y"), ("z", "", "")]) == (
        "| | a | |\n|---|---|---|\n| x | 1 \\| 2 | y |\n| z | | |"
    )


def test_an_aligned_table_has_columns_of_one_width():
    assert markdown_table(("", "name"), [("x", "1"), ("long", "2")], aligned=True) == (
        "|      | name |\n| ---- | ---- |\n| x    | 1    |\n| long | 2    |"
    )


def test_text_stays_text():
    assert escaped("a\n b \\ | < * ` [c]") == r"a b \\ \| \< \* \` \[c]"
