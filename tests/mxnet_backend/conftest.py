"""Tests of the MXNet backend: skipped without MXNet, failed if `--require-backends` names it.

The directory is not named mxnet: `tests` is on the import path, so it would hide the package.
"""

import pytest

from nst_core.backend import Backend, registry
from nst_core.errors import BackendError


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Backend:
    try:
        return registry.load("mxnet")
    except BackendError as error:
        if "mxnet" in request.config.getoption("--require-backends"):
            pytest.fail(str(error))
        pytest.skip(str(error))
