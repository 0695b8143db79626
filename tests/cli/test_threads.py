"""OMP_NUM_THREADS as users set it: no value of it ends a command, with any backend."""

import os
import subprocess
import sys

import pytest

SEES = """
import os, sys
sys.argv = ["nst", "backends"]
from nst_core.cli import main
main()
"""


def backends(**environment):
    inherited = {name: value for name, value in os.environ.items() if "OMP" not in name}
    return subprocess.run(
        [sys.executable, "-c", SEES], env=inherited | environment,
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def threads_of(output):
    """Backend -> the threads that it says it has on the CPU."""
    lines = [line for line in output.splitlines() if "cpu (" in line]
    return {
        line.partition(" ")[0]: line.rpartition("cpu (")[2].removesuffix(" threads)")
        for line in lines
    }


@pytest.fixture(scope="module")
def default():
    done = backends()
    assert (done.returncode, done.stderr) == (0, "")
    return threads_of(done.stdout)


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "MXNET_OMP_MAX_THREADS"])
@pytest.mark.parametrize("value", ["1,2", " 1 , 2"])
def test_the_first_number_of_a_list_counts(value, variable, default):
    done = backends(**{variable: value})
    assert (done.returncode, done.stderr) == (0, "")
    expected = {
        name: "1" if name == "mxnet" or variable == "OMP_NUM_THREADS" else threads
        for name, threads in default.items()
    }
    assert threads_of(done.stdout) == expected


@pytest.mark.parametrize("value", ["all", "abc", "0", "-3", "100000", "9" * 20, "4,x", ""])
def test_what_is_no_number_is_one_warning_and_the_default(value, default):
    done = backends(OMP_NUM_THREADS=value)
    assert done.returncode == 0, done.stderr
    assert threads_of(done.stdout) == default
    lines = done.stderr.splitlines()
    assert len(lines) == (value != "")
    assert "".join(lines).startswith("nst: warning: OMP_NUM_THREADS=" * len(lines))


def test_a_program_that_imports_the_mxnet_backend_keeps_its_variable():
    pytest.importorskip("mxnet")
    code = (
        "import os, warnings\n"
        "from nst_core.backend import registry\n"
        "with warnings.catch_warnings(record=True) as told:\n"
        "    warnings.simplefilter('always')\n"
        "    backend = registry.load('mxnet')\n"
        "print(backend.devices()[-1].description, os.environ['OMP_NUM_THREADS'], "
        "sum('is ignored' in str(one.message) for one in told))\n"
    )
    for value, expected in {"3,2": ("3 threads", "0"), "all": (None, "1")}.items():
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "OMP_NUM_THREADS": value},
            check=True, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        threads, warned = expected
        assert done.stdout.endswith(f" {value} {warned}\n")
        assert threads is None or done.stdout.startswith(threads)
