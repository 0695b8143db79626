"""The values of OMP_NUM_THREADS, right and wrong."""

import os

import pytest

from nst_core.system import threads

RIGHT = [("4", 4), ("4,2", 4), (" 4 , 2 ", 4), ("+3", 3), ("1", 1), ("1024", 1024), ("2 ", 2)]
WRONG = ["all", "abc", "0", "-3", "4,0", "4,-2", "4,abc", "4,", ",4", "1.5", "0x2", "4 2", "\uff14",
         "1025", "100000", "9" * 20, "9" * 5000, "4;2", "4\n;"]  # fmt: skip


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)


@pytest.mark.parametrize(("value", "expected"), RIGHT)
@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MXNET_OMP_MAX_THREADS"])
def test_the_first_number_of_a_list_counts(name, value, expected):
    environment = {name: value, "OTHER": "4,2"}
    assert threads.parse(value) == (expected, "")
    assert threads.corrected(environment) == []
    assert environment == {name: str(expected), "OTHER": "4,2"}


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MXNET_OMP_MAX_THREADS"])
def test_what_is_wrong_is_told_and_removed(name, value):
    environment = {name: value}
    (line,) = threads.corrected(environment)
    assert environment == {}
    assert line.startswith(f"{name}=")
    assert " is ignored, the default is used: " in line
    assert "\n" not in line
    assert len(line) < 200


@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_value_sets_nothing_and_needs_no_word(value):
    environment = {"OMP_NUM_THREADS": value}
    assert threads.corrected(environment) == []
    assert environment == {}


def test_a_machine_with_more_processors_may_have_more_threads(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4096)
    assert threads.parse("2048").threads == 2048
