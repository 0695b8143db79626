"""PyTorch-only tests: left out without PyTorch, unless `--require-backends` names it.

The folder is not named torch: `tests` is on the path, where it would pass for the package.
"""

from importlib.util import find_spec

import pytest


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    required = "pytorch" in config.getoption("--require-backends")
    # With PyTorch required, the tests fail at their first import instead.
    return None if required or find_spec("torch") else True
