"""``--help`` of every command: its text, its groups, its speed."""

import resource
import subprocess
import sys

import pytest


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("--version",)])
def test_help(nst, arguments):
    done = nst(*arguments)
    assert done.status == 0
    assert "nst" in done.out


def test_help_answers_at_once():
    def seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "nst_core.cli", "--help"], check=True, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Of the processor, for other tests may be running beside this one; and the best of three.
    assert min(seconds() for _ in range(3)) < 0.5


def test_an_unknown_command(nst):
    done = nst("paint")
    assert (done.status, done.out) == (2, "")
    assert done.err == "nst: error: No such command 'paint'.\n"
