"""Tests of the JAX backend: skipped without JAX, failed if `--require-backends` names it."""

import pytest

from nst_core.backend import Backend, registry
from nst_core.errors import BackendError


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Backend:
    try:
        return registry.load("jax")
    except BackendError as error:
        if "jax" in request.config.getoption("--require-backends"):
            pytest.fail(str(error))
        pytest.skip(str(error))
