"""Options of the whole suite; they must stand here, where pytest reads them at its start."""

import os

import pytest

# The pictures here are small: a second thread of NumPy or a framework mostly waits for the first,
# and on a busy machine it made a step sixteen times slower. Libraries read this as they load.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


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
