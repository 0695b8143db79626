"""How PyTorch is imported: threads that sleep, as many as there are, and a clean environment."""

import os
import subprocess
import sys

import pytest

_SHOWN = """
import os, sys
{before}
import nst_pytorch, torch
print(torch.get_num_threads(), sorted(name for name in os.environ if "OMP" in name))
"""


def run(before="", **environment):
    kept = {name: value for name, value in os.environ.items() if "OMP" not in name}
    done = subprocess.run(
        [sys.executable, "-c", _SHOWN.format(before=before)],
        capture_output=True, text=True, timeout=120, check=True,
        env={**kept, "OMP_DISPLAY_ENV": "verbose", **environment},
    )  # fmt: skip
    threads, names = done.stdout.split(" ", 1)
    return int(threads), names.strip(), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="PyTorch has GNU's OpenMP on Linux")
def test_threads_sleep_while_they_wait_unless_the_user_wants_otherwise():
    spins = "GOMP_SPINCOUNT = '{}'"
    _, names, stderr = run()
    assert spins.format(0) in stderr
    assert names == "['OMP_DISPLAY_ENV']"  # nothing is left for child processes
    for before, environment in (("", {"OMP_WAIT_POLICY": "active"}), ("import torch", {})):
        _, _, stderr = run(before, **environment)
        assert "GOMP_SPINCOUNT" in stderr
        assert spins.format(0) not in stderr


def test_a_quota_limits_the_threads_unless_the_user_has_set_them():
    quota = "from nst_core.system import cores; cores.quota = lambda: 1.0"
    assert run(before=quota)[0] == 1
    assert run(before=quota, OMP_NUM_THREADS="2")[0] == 2
