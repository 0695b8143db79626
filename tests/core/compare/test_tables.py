"""The tables of a report, and their Markdown."""

import pytest
from comparison_samples import measurement, report, step

from nst_core.compare.tables import Table, _aligned, markdown, matching_steps


@pytest.mark.parametrize("count", [1, 2, 3, 10, 500])
def test_matching_steps(count):
    steps = matching_steps(count)
    assert steps[0] == 0
    assert steps[-1] == count - 1
    assert steps == sorted(set(steps))
    assert len(steps) <= 6


START = "gradient at the start image"


def test_the_markdown_table():
    other = measurement("b", steps=(step(1), step(2, content=1.49)))
    text = markdown(report(measurement("a"), other))
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert ["a", "1", "4", "2", "7", "0.500", "1.5", "321", "a 1.0", "cpu (2 threads)"] in lines
    assert ["1", "6", "6", "0.0e+00"] in lines
    assert ["a against b", START, "0.0e+00", "1e-02", "yes"] in lines
    assert text.endswith("a against b 7.0e-02, allowed 5e-02.")


def test_markdown_of_odd_names_stays_one_table():
    table = Table(heading="", columns=("a|b", "c"), rows=[("x\ny|z", "<img>")])
    assert _aligned(table) == [
        "| a\\|b   | c      |",
        "| ------ | ------ |",
        "| x y\\|z | \\<img> |",
    ]
