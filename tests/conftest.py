"""Options of the whole suite; they must stand here, where pytest reads them at its start."""

import atexit
import os
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# The pictures here are small: a second thread of NumPy or a framework mostly waits for the first,
# and on a busy machine it made a step sixteen times slower. Libraries read this as they load.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# What JAX compiles in one process of the suite serves the others, and not the user's own runs.
if "NST_CACHE_HOME" not in os.environ:
    os.environ["NST_CACHE_HOME"] = tempfile.mkdtemp(prefix="nst-tests-")
    atexit.register(shutil.rmtree, os.environ["NST_CACHE_HOME"], ignore_errors=True)


# Where a variable such as CI says so, Hypothesis takes the same examples every time by itself (its
# profile "ci"); elsewhere it looks for new ones. Slowness is no error, for the machine may be busy.
DERANDOMIZED = settings.default.derandomize
if not DERANDOMIZED:
    settings.register_profile(
        "here", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
    )
    settings.load_profile("here")

MOST_WORKERS = 4
"""Each may come to hold both frameworks, VGG-19 in float64 and MXNet's pool: some 3 GB."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist's own, which acts on what is set here
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Let the whole suite use the cores: a worker each, where pytest-xdist is installed.

    A part that is named runs in one process, where a debugger works and nothing starts twice;
    and so does everything with ``-n 0``, or where largest deviations are to be collected.
    """
    if hasattr(config, "workerinput"):  # this is a worker itself
        return
    option = config.option
    whole = config.args_source is config.ArgsSource.TESTPATHS
    if not whole or option.usepdb or option.deviations:
        return
    if getattr(option, "numprocesses", 0) is None and option.dist == "no":
        option.numprocesses = min(_cores(), MOST_WORKERS)
        # Neighbours share what they compute, so each worker begins with a run of its own.
        option.dist = "worksteal"


def pytest_report_header() -> str:
    return f"hypothesis: {'the same' if DERANDOMIZED else 'new'} examples every time"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("nst")
    group.addoption(
        "--backend",
        action="append",
        metavar="NAME",
        help="backend under conformance test: a registered name or module:attribute; repeatable "
        "(default: all that are registered). One that is named must be there.",
    )
    group.addoption(
        "--require-backends",
        metavar="NAMES",
        default=os.environ.get("NST_REQUIRE_BACKENDS", ""),
        help="comma-separated backends whose absence is a failure, not a skip "
        "(default: $NST_REQUIRE_BACKENDS)",
    )
    group.addoption(
        "--device", default="cpu", help="device of the conformance tests (default: cpu)"
    )
    group.addoption(
        "--deviations",
        action="store_true",
        help="print the largest deviation from the oracle beside each tolerance",
    )
