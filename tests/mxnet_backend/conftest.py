"""MXNet-only tests: skipped without MXNet, failed where `--require-backends` names it.

The folder is not named mxnet: `tests` is on the path, where it would pass for the package.
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
