"""Which backends a preset is run on; a missing one is skipped, or fails where it is required."""

import pytest

from nst_core import registry
from nst_core.backend import Backend
from nst_core.errors import BackendError

NAMES = ("pytorch", "mxnet")


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
def need(request: pytest.FixtureRequest):
    """Skip or fail unless the framework that a document is written for can be used."""

    def check(framework: str) -> None:
        try:
            registry.load(framework)
            if framework == "pytorch":
                import torchvision.models  # noqa: F401 - only beside the torch that it was made for
        except (BackendError, ImportError, RuntimeError) as error:
            missing(request.config, framework, str(error))

    return check


def missing(config: pytest.Config, name: str, reason: str):
    required = (
        *(config.getoption("--backend") or ()),
        *config.getoption("--require-backends").split(","),
    )
    if name in required:
        pytest.fail(f"required, but: {reason}", pytrace=False)
    pytest.skip(reason)
