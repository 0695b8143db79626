"""``--dry-run``, and the warning before a run that may not fit in memory."""

import re
from pathlib import Path

import pytest

FAST = ("--preset", "d2l", "--size", "16x24", "--steps", "3", "--weights", "random")


@pytest.mark.parametrize("backend", ["pytorch", "mxnet"])
def test_a_dry_run_says_what_it_would_take_and_writes_nothing(nst, pair, tmp_path, backend):
    before = sorted(tmp_path.iterdir())
    done = nst("run", *pair, *FAST, "--backend", backend, "--dry-run")
    assert (done.status, done.err) == (0, "")
    headline, memory, seconds = done.out.splitlines()
    assert "16x24, 3 steps" in headline
    assert re.fullmatch(r"memory: about [0-3]\.\d GB at its peak, \d+\.\d GB available", memory)
    assert re.fullmatch(r"time: about \d+ s, [\d.e-]+ s per step", seconds)
    assert sorted(tmp_path.iterdir()) == before


def test_a_run_that_will_not_fit_is_warned_of_and_run(nst, pair, monkeypatch):
    monkeypatch.setattr("nst_core.system.memory.available_mb", lambda: -10_000.0)
    done = nst("run", *pair, *FAST, "-o", "out.png", "--quiet")
    assert done.status == 0
    assert "nst: warning: the memory may not be enough: about " in done.err
    assert "try a smaller --size" in done.err
    assert Path("out.png").exists()
