"""The suite runs on any backend that is named: by its registered name, or as module:attribute."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).parent


def suite_on(name, *options, path=""):
    """Run one check of the suite, in another process, with `path` on the import path."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([path, *sys.path])}
    environment.pop("NST_REQUIRE_BACKENDS", None)
    environment.pop("CI", None)  # with it pytest does not shorten lines
    return subprocess.run(
        [sys.executable, "-m", "pytest", SUITE / "test_values.py", "-k", "block and gradient",
         "-p", "no:cacheprovider", "-p", "no:xdist", "--backend", name, *options],
        cwd=SUITE.parents[1], env=environment, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip


@pytest.fixture
def installed(tmp_path):
    """A directory in which a distribution registers the example backend under the name `tiny`."""
    metadata = tmp_path / "tiny-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[nst.backends]\ntiny = conformance.numpy_backend:BACKEND\n"
    )
    return str(tmp_path)


def test_registered_name(installed):
    done = suite_on("tiny", "--deviations", path=installed)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout  # float64, float32 and finite differences
    (line,) = [one for one in done.stdout.splitlines() if one.startswith("gradient float64")]
    assert line.split()[:4] == ["gradient", "float64", "allowed", "1e-11"]
    assert line.split()[4] == "tiny"


def test_module_and_attribute():
    done = suite_on("conformance.numpy_backend:BACKEND")
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


@pytest.mark.parametrize("name", ["nobody", "nowhere:BACKEND", "conformance.numpy_backend:NONE"])
def test_what_is_named_must_be_there(name):
    done = suite_on(name)
    assert done.returncode == 1
    assert "3 errors" in done.stdout
    (line,) = {one for one in done.stdout.splitlines() if "required, but: " in one}
    assert name in line
