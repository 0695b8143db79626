"""Runs the scripts of benchmarks/ at tiny sizes, as a user would, and imports their modules."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="session")
def benchmarks():
    """The folder of the scripts."""
    return BENCHMARKS


@pytest.fixture(scope="session")
def script():
    """Runs a script and returns the finished process."""

    def run(name, *arguments):
        return subprocess.run(
            [sys.executable, str(BENCHMARKS / name), *map(str, arguments)],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def modules(monkeypatch):
    """Lets a test import the scripts and their packages."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture(scope="session")
def compared(script, tmp_path_factory):
    """Two variants, compared at a tiny size: what was printed, and the folder of the results."""
    folder = tmp_path_factory.mktemp("compared")
    options = ("--size", "16x24", "--steps", 1, "--warm-up", 1, "--rounds", 1)
    done = script(
        "compare.py",
        "nst-pytorch",
        "nst-pytorch@conv=direct",
        *options,
        "--output",
        folder / "result",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, folder
