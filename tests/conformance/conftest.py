"""The conformance suite: whether a backend computes what it should, and keeps the rules.

To test your own backend, name it:

    pytest tests/conformance --backend NAME              # a name registered under `nst.backends`
    pytest tests/conformance --backend MODULE:ATTRIBUTE  # an object that is not registered yet
    pytest tests/conformance --backend NAME --device cuda:0
    pytest tests/conformance --backend NAME --deviations # prints the largest deviations measured

Without `--backend` the suite runs on every registered backend. One that can't be loaded is skipped;
if it was named by `--backend` or `--require-backends`, the suite fails instead.

The modules:

- `numpy_backend`: the smallest complete backend. Begin with a copy of it.
- `cases`, `pictures`: the problems on which backends are tested, and their pictures and weights.
- `checks_*`: the checks; `test_*` runs them on the backend under test.
- `reference`: the results of the oracle (`tests/oracle.py`), with which results are compared.
- `compare`, and `tests/tolerances.py`: how large a deviation may be.
- `broken_*`, `test_canaries`: backends that are wrong on purpose; every check must find its own.
"""

import importlib
from typing import NoReturn

import pytest
import tolerances
from conformance import compare, pictures
from conformance.cases import Case
from conformance.reference import Subject

from nst_core.backend import Backend, registry
from nst_core.errors import BackendError, WeightsError


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "subject" in metafunc.fixturenames:
        names = _chosen(metafunc.config)
        metafunc.parametrize("subject", names, indirect=True, scope="session")


COMPILED = ("jax",)
"""Backends that compile anew for every problem, which takes seconds. Unless they are named by
`--backend`, they are tested on `SHORT` alone; `benchmarks/environments/jax.sh` tests all of it."""

SHORT = {
    "block 1",
    "d2l",
    "style counted ten times",
    "three styles, one without a share",
    "scaled distances",
    "Wasserstein",
    "average pooling, replicate padding, odd sizes",
    "three soft regions, two styles of which one lacks a region",
    "outside [0, 1]",
    "d2l from the content",
    "parts left out, two styles",
    "sliced Wasserstein",
    "nearest neighbours beside Gram matrices",
    "Laplacian pyramid",
    "Laplacian pyramid, odd sizes",
}
"""Names of cases that have every part of the objective, and every kind of session."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    dropped = [item for item in items if _is_dropped(item, config)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in set(dropped)]


def _is_dropped(item: pytest.Item, config: pytest.Config) -> bool:
    values = (
        item.callspec.params
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else {}
    )
    name = values.get("subject")
    if name not in COMPILED or name in _named(config):
        return False
    case = values.get("case")
    return case is not None and case.name not in SHORT


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest) -> Subject:
    """The backend under test."""
    name = request.param
    try:
        backend = _load(name)
    except BackendError as error:
        reason = str(error)
    else:
        device = registry.choose_device(backend, request.config.getoption("--device"))
        return Subject(name, backend, device.name)
    return _missing(reason, required=name in (*_named(request.config), *_listed(request.config)))


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case under test. Without its weights it is skipped, or fails if backends are required."""
    try:
        pictures.weights(request.param.weights)
    except WeightsError as error:
        reason = str(error)
    else:
        return request.param
    return _missing(reason, required=bool(_listed(request.config)))


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    if not config.getoption("--deviations"):
        return
    names = [name for name in _chosen(config) if name in compare.LARGEST_DEVIATIONS]
    terminalreporter.section("largest deviations from the oracle")
    for key, tolerance in tolerances.TOLERANCES.items():
        measured = "  ".join(f"{name} {_largest(name, key)}" for name in names)
        terminalreporter.line(f"{key:<36} allowed {tolerance.bound:.0e}  {measured}")


def _largest(name: str, tolerance: str) -> str:
    found = compare.LARGEST_DEVIATIONS[name].get(tolerance)
    return "   -   " if found is None else f"{found:.1e}"


def _load(name: str) -> Backend:
    module, colon, attribute = name.partition(":")
    if not colon:
        return registry.load(name)
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BackendError(f"backend {name}: {error}") from error


def _named(config: pytest.Config) -> list[str]:
    return config.getoption("--backend") or []


def _listed(config: pytest.Config) -> list[str]:
    names = config.getoption("--require-backends").split(",")
    return [name.strip() for name in names if name.strip()]


def _chosen(config: pytest.Config) -> list[str]:
    # A required backend is tried even if it is not registered: otherwise nothing would fail.
    return _named(config) or list(dict.fromkeys([*registry.names(), *_listed(config)]))


def _missing(reason: str, *, required: bool) -> NoReturn:
    if required:
        pytest.fail(f"required, but: {reason}", pytrace=False)
    pytest.skip(reason)
