"""The registry of engines."""

import subprocess
import sys

import pytest

from nst_core.batch import executor
from nst_core.batch.executor import ExecutorError


def test_names_and_addresses():
    assert executor.parse("local") == ("local", None)
    assert executor.parse("ray:10.0.0.1:6379") == ("ray", "10.0.0.1:6379")
    assert "local" in executor.names()


def test_an_unknown_engine_is_one_line():
    with pytest.raises(
        ExecutorError, match=r"--on slurm: no such engine; known are local"
    ) as caught:
        executor.load("slurm")
    assert "\n" not in str(caught.value)


def test_local_imports_no_other_engine():
    code = (
        "import sys; from nst_core.batch import executor; executor.load('local');"
        "import nst_core.cli.run_batch; print({'ray', 'fsspec', 's3fs'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
