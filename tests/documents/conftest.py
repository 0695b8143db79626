"""The backends on which presets are run. A missing one is skipped, or fails if required."""

import pytest

from nst_core.backend import Backend, registry
from nst_core.errors import BackendError

NAMES = ("pytorch", "mxnet", "jax")


@pytest.fixture(scope="session", params=NAMES)
def backend(request: pytest.FixtureRequest) -> Backend:
    """A backend that ships with nst, loaded."""
    chosen = request.config.getoption("--backend")
    if chosen and request.param not in chosen:
        pytest.skip(f"--backend names {', '.join(chosen)}")
    try:
        return registry.load(request.param)
    except BackendError as error:
        return missing(request.config, request.param, str(error))


@pytest.fixture(scope="session")
def require_framework(request: pytest.FixtureRequest):
    """Skip or fail the test unless the document's framework can be used."""

    def check(framework: str) -> None:
        if reason := unavailable_reason(framework):
            missing(request.config, framework, reason)

    return check


@pytest.fixture(scope="session")
def has_framework(request: pytest.FixtureRequest):
    """Return whether a framework can be used; fail if it can't and is required."""

    def check(framework: str) -> bool:
        reason = unavailable_reason(framework)
        if reason and is_required(request.config, framework):
            missing(request.config, framework, reason)
        return not reason

    return check


def unavailable_reason(framework: str) -> str:
    """Return why a framework can't be used; empty if it can."""
    try:
        registry.load(framework)
        if framework == "pytorch":
            import torchvision.models  # noqa: F401 - fails beside a torch that it was not made for
    except (BackendError, ImportError, RuntimeError) as error:
        return str(error) or type(error).__name__
    return ""


def is_required(config: pytest.Config, name: str) -> bool:
    return name in (
        *(config.getoption("--backend") or ()),
        *config.getoption("--require-backends").split(","),
    )


def missing(config: pytest.Config, name: str, reason: str):
    if is_required(config, name):
        pytest.fail(f"required, but: {reason}", pytrace=False)
    pytest.skip(reason)
