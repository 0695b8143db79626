"""The tutorial's backend: registered by its own pyproject, it paints and keeps the promises.

The whole conformance suite takes minutes for it (`pytest tests/conformance --backend autograd`);
here it is one case of everything that does not take long.
"""

import os
import subprocess
import sys
import tomllib

import pytest
from docs.pages import ROOT

EXAMPLE = ROOT / "examples" / "nst_autograd"
CHOSEN = "block or pyramid or sliced or devices or owned or scaled or Wasserstein or regions"

REFUSED = "hypercolumn or neighbours or searched"  # cases of nearest neighbours


@pytest.fixture
def registered(tmp_path):
    """An environment in which the package is installed, as an installer would leave it."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    info = tmp_path / "nst_autograd-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    lines = ["[nst.backends]"]
    lines += [f"{k} = {v}" for k, v in project["entry-points"]["nst.backends"].items()]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    folders = [ROOT, ROOT / "backends", EXAMPLE, tmp_path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}


def run(arguments, environment, cwd):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_keeps_the_promises(registered, tmp_path):
    environment = {**registered, "NST_REQUIRE_BACKENDS": ""}
    files = [ROOT / "tests" / "conformance" / f"test_{name}.py" for name in ("values", "session")]
    output = run(
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "--backend", "autograd",
         "-k", f"({CHOSEN}) and not d2l and not bundled and not ({REFUSED})", *files],
        environment, ROOT,
    )  # fmt: skip
    passed = int(output.rsplit(" passed", 1)[0].split()[-1])
    assert passed > 60
    assert "skipped" not in output


def test_paints(registered, tmp_path):
    options = [
        "--preset",
        "d2l",
        "--size",
        "32",
        "--steps",
        "1",
        "--weights",
        "random",
        "--output",
        "out.png",
    ]
    module = ["-m", "nst_core.cli", "run", "--backend", "autograd"]
    assert run([*module, *options], registered, tmp_path) == "out.png\n"
    assert (tmp_path / "out.png").exists()


def test_the_tutorial_shows_all_of_it():
    page = (ROOT / "docs" / "write-a-backend.md").read_text("utf-8")
    files = [EXAMPLE / "pyproject.toml", *(EXAMPLE / "nst_autograd").glob("*.py")]
    assert len(files) == 7
    for file in files:
        assert f'--8<-- "{file.relative_to(ROOT).as_posix()}"' in page
