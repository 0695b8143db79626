"""A short version of ``benchmarks/kill_resume.py``, which kills real runs at random moments."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill_resume.py"


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a thing of POSIX")
def test_three_kills():
    given = ("--kills", "3", "--backends", "pytorch", "--optimisers", "adam")
    options = ("--options", "--steps 10 --average 0.9 --carry-state")
    run = subprocess.run(
        [sys.executable, SCRIPT, *given, *options],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    # Once a run is begun it is killed until it ends, so there may be more than three.
    assert re.search(r"'equal': True, 'kills': ([3-9]|\d\d),", run.stdout), run.stdout
