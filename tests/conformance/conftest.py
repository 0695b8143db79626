"""Which backends the suite runs on, and what happens where one is missing."""

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
    """The case under test; without its weights skipped, or failed where backends are required."""
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
    names = [name for name in _chosen(config) if name in compare.LARGEST]
    terminalreporter.section("largest deviations from the oracle")
    for key, tolerance in tolerances.TOLERANCES.items():
        measured = "  ".join(f"{name} {compare.LARGEST[name].get(key, 0):.1e}" for name in names)
        terminalreporter.line(f"{key:<36} allowed {tolerance.bound:.0e}  {measured}")


def _load(name: str) -> Backend:
    module, colon, attribute = name.partition(":")
    if colon:
        return getattr(importlib.import_module(module), attribute)
    return registry.load(name)


def _named(config: pytest.Config) -> list[str]:
    return config.getoption("--backend") or []


def _listed(config: pytest.Config) -> list[str]:
    names = config.getoption("--require-backends").split(",")
    return [name.strip() for name in names if name.strip()]


def _chosen(config: pytest.Config) -> list[str]:
    # A required backend that isn't even registered has to be tried, or nothing would fail.
    return _named(config) or list(dict.fromkeys([*registry.names(), *_listed(config)]))


def _missing(reason: str, *, required: bool) -> NoReturn:
    if required:
        pytest.fail(f"required, but: {reason}", pytrace=False)
    pytest.skip(reason)
