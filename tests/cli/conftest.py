import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, tiny_weights

from nst_core import cli, weights
from nst_core.backend import registry
from nst_core.cli import main

# A shell's background jobs ignore SIGINT, and their children inherit that.
WITH_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from nst_core.cli import main
main()
"""


@contextmanager
def interruptible(*arguments, cwd):
    """Run the command line in a child process that Ctrl-C reaches; kill it at the end."""
    run = subprocess.Popen(
        [sys.executable, "-c", WITH_CTRL_C, *map(str, arguments)],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with run:
        try:
            yield run
        finally:
            run.kill()


@pytest.fixture
def child():
    """``child(*arguments, cwd=...)`` is a context manager with the running process."""
    return interruptible


@dataclass
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def nst(monkeypatch, capsys, tmp_path):
    """``nst(*arguments)`` runs the command line in this process, in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_exit_now", sys.exit)  # it would end pytest

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["nst", *map(str, arguments)])
        # As with `python -W error`, where main leaves the filters alone.
        monkeypatch.setattr(sys, "warnoptions", ["error"])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Outcome(ended.value.code, printed.out, printed.err)

    return run


@pytest.fixture
def pair(tmp_path):
    """Two small pictures, content.png and style.png."""
    rng = np.random.default_rng(0)
    for name in ("content", "style"):
        coarse = rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)
        PIL.Image.fromarray(coarse).resize((72, 48)).save(tmp_path / f"{name}.png")
    return "content.png", "style.png"


@pytest.fixture
def pretended(monkeypatch):
    """Options of a fast run: every backend is a fake one, and all weights are zeros."""
    zeros = tiny_weights()
    monkeypatch.setattr(registry, "load", lambda _: FakeBackend())
    monkeypatch.setattr(weights, "load", lambda _: zeros)
    return "--backend", "fake", "--device", "cpu", "--size", "16x24", "--steps", "2"
