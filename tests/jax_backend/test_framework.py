"""The backend leaves the process as it was: switches, environment, output."""

import subprocess
import sys

import pytest

CODE = """
import os
before = dict(os.environ)
import jax
kept = {**before, **{n: os.environ[n] for n in os.environ if n not in before}}
import sys
sys.path.insert(0, "tests")
from conformance.cases import WASSERSTEIN
from nst_core.backend import registry
backend = registry.load("jax")
session = backend.start(WASSERSTEIN.problem("float64"), device="cpu", dtype="float64")
session.step(learning_rate=0.1)
assert session.image().dtype == "float64"
assert not jax.config.jax_enable_x64
assert jax.numpy.ones(3, "float32").dtype == "float32"
assert jax.numpy.arange(3.0).dtype == "float32"
assert jax.config.jax_compilation_cache_dir is None
assert dict(os.environ) == kept, set(os.environ.items()) ^ set(kept.items())
"""


def test_nothing_is_left_and_nothing_is_printed(backend):
    pytest.importorskip("jax")
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
