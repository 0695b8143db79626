import os
import sys
from pathlib import Path

import pytest
from core.studio.studio_server import StudioServer

HERE = Path(__file__).parent
TESTS = HERE.parents[1]


@pytest.fixture(scope="session")
def slow_backend(tmp_path_factory):
    """The backend ``slow``, registered in this process and in those that it starts."""
    site = tmp_path_factory.mktemp("site")
    info = site / "nst_slow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nst-slow\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nst.backends]\nslow = slow_backend:BACKEND\n")
    paths = [str(site), str(HERE), str(TESTS)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")]))
        patch.setattr(sys, "path", [*paths, *sys.path])
        yield


@pytest.fixture(scope="module")
def studio(slow_backend, tmp_path_factory):
    """A studio that is served, for all tests of a file."""
    with StudioServer(tmp_path_factory.mktemp("studio")) as running:
        yield running
