"""Lines to streams that are full or closed. Each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")

SCRIPT = """
import sys
from nst_core.errors import NstError
from nst_core.terminal.streams import echo
try:
    for _ in range(3):
        echo("a line", err={err})
except NstError as error:
    sys.exit(str(error))
"""


def script(*, err=False, **streams):
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(err=err)], check=False, text=True, timeout=60, **given
    )


def test_lines_go_where_they_are_sent():
    assert (script().stdout, script().stderr) == ("a line\n" * 3, "")
    assert (script(err=True).stdout, script(err=True).stderr) == ("", "a line\n" * 3)


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
def test_a_full_disk_is_an_error_for_stdout_alone():
    with FULL.open("w") as full:
        done = script(stdout=full)
        assert (done.returncode, done.stderr) == (
            1,
            "can't write standard output: the disk is full\n",
        )
        assert script(err=True, stderr=full).returncode == 0


@pytest.mark.parametrize("err", [False, True])
def test_a_reader_that_has_gone_is_no_error(err):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = script(err=err, **{"stderr" if err else "stdout": writer})
    finally:
        os.close(writer)
    assert (done.returncode, done.stdout or "", done.stderr or "") == (0, "", "")
