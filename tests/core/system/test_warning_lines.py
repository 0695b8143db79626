"""Warnings of nst are lines; those of libraries are not shown."""

import subprocess
import sys
import warnings

import pytest

from nst_core.errors import NstWarning, PictureWarning
from nst_core.system.warning_lines import show_only_nst_warnings


@pytest.fixture
def filters(monkeypatch):
    with warnings.catch_warnings():
        monkeypatch.setattr(sys, "warnoptions", [])
        yield


def test_warnings_of_nst_are_lines_once_each(filters, capsys):
    show_only_nst_warnings()
    for text in ("one\n thing", "one thing", "another"):
        warnings.warn(text, PictureWarning, stacklevel=1)
    warnings.warn("for programmers", DeprecationWarning, stacklevel=1)
    assert capsys.readouterr().err == "nst: warning: one thing\nnst: warning: another\n"


def test_where_they_go(filters):
    lines = []
    show_only_nst_warnings(lines.append)
    warnings.warn("text", NstWarning, stacklevel=1)
    assert lines == ["nst: warning: text"]


def test_python_s_own_options_win():
    code = (
        "import warnings; from nst_core.system.warning_lines import show_only_nst_warnings as s; "
        "s(); warnings.warn('for programmers', ImportWarning)"
    )
    for options, expected in ((["-W", "always"], True), ([], False)):
        done = subprocess.run(
            [sys.executable, *options, "-c", code], capture_output=True, text=True, check=True
        )
        assert ("for programmers" in done.stderr) is expected
