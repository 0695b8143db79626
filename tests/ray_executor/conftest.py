import os
import secrets
import subprocess
import sys
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from ray_executor import slow_backend

if find_spec("ray") is None:
    collect_ignore_glob = ["test_cluster*.py"]

CLUSTER = Path(__file__).with_name("cluster.py")
STEPS = 12
SMALL = (
    "--preset",
    "d2l",
    "--size",
    "16x24",
    "--steps",
    STEPS,
    "--weights",
    "random",
    "--backend",
    "slow",
)


class Place:
    """A directory with pictures, and an environment in which the backend ``slow`` is installed."""

    def __init__(self, path):
        self.path, self.log = path, path / "ends.log"
        (path / "installed").mkdir()
        slow_backend.install(path / "installed")
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(path / "installed"), *filter(None, sys.path)]),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "NST_SLOW_SECONDS": "0.05",
            "NST_SLOW_STEPS": str(STEPS),
            "NST_SLOW_LOG": str(self.log),
            "OMP_NUM_THREADS": "1",
        }
        rng = np.random.default_rng(0)
        for name in (*"abcdef", "s", "t", "deadly"):
            pixels = rng.integers(0, 256, (16, 24, 3), dtype=np.uint8)
            if name == "deadly":
                pixels[:] = 255, 0, 0
            PIL.Image.fromarray(pixels).save(path / f"{name}.png")

    def batch(self, *arguments):
        """Return a running ``nst batch``; its lines are in ``stderr``."""
        return subprocess.Popen(
            [sys.executable, "-m", "nst_core.cli", "batch", *map(str, (*arguments, *SMALL))],
            cwd=self.path, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def pixels(self, directory):
        """Return the pixels of the pictures in a directory, by name."""
        found = {}
        for path in sorted((self.path / directory).glob("*.png")):
            with PIL.Image.open(path) as picture:
                found[path.name] = picture.tobytes()
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("place"))


@contextmanager
def running_cluster(place, *, nodes, cpus):
    """A cluster in a process of its own: see ``cluster.py``."""
    process = subprocess.Popen(
        [sys.executable, CLUSTER, str(nodes), str(cpus)],
        cwd=place.path, env=place.environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def cluster(place):
    with running_cluster(place, nodes=2, cpus=2) as process:
        process.address = process.stdout.readline().strip()
        assert process.address, "the cluster did not start"
        yield process
