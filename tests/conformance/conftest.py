"""Which backends the suite runs on, and what happens where one is missing."""

import importlib
from typing import NoReturn

import pytest
import tolerances
from conformance import compare, pictures
from conformance.cases import Case
from conformance.reference import Subject

from nst_core import registry
from nst_core.backend import Backend
from nst_core.errors import BackendError, WeightsError


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "subject" in metafunc.fixturenames:
        names = _chosen(metafunc.config)
        metafunc.parametrize("subject", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest) -> Subject:
    """The backend under test."""
    name = request.param
    reason = None
    try:
        return Subject(name, _load(name), request.config.getoption("--device"))
    except BackendError as error:
        reason = str(error)
    return _missing(reason, required=name in _required(request.config))


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case under test; one whose weights can't be had is skipped, or fails as backends do."""
    reason = None
    try:
        pictures.weights(request.param.weights)
        return request.param
    except WeightsError as error:
        reason = str(error)
    return _missing(reason, required=bool(_required(request.config)))


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


def _required(config: pytest.Config) -> list[str]:
    listed = config.getoption("--require-backends").split(",")
    return _named(config) + [name.strip() for name in listed if name.strip()]


def _chosen(config: pytest.Config) -> list[str]:
    # A required backend that isn't even registered has to be tried, or nothing would fail.
    return _named(config) or list(dict.fromkeys([*registry.names(), *_required(config)]))


def _missing(reason: str, *, required: bool) -> NoReturn:
    if required:
        pytest.fail(f"required, but: {reason}", pytrace=False)
    pytest.skip(reason)
