"""What this process takes of memory."""

import subprocess
import sys

import pytest


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is a thing of Linux")
def test_peak_memory_is_of_this_process_and_not_of_its_parent():
    code = "from nst_core.system.memory import peak_mb as p; print(p())"
    outer = (
        "import subprocess, sys; hog = b'x' * 600_000_000; "
        f"subprocess.run([sys.executable, '-c', {code!r}], check=True, close_fds=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", outer], check=True, capture_output=True, text=True, timeout=60
    )
    assert 10 < float(done.stdout) < 400
