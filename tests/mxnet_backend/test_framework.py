"""What importing the backend changes in a process: each test runs a new process."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

needs_mxnet = pytest.mark.usefixtures("backend")

BUSY = """
import json, os
from nst_core.backend import registry
backend = registry.load("mxnet")
from nst_mxnet._framework import mx

def ticks():
    found = {}
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        found[task] = int(fields[11]) + int(fields[12])
    return found

with mx.util.np_shape(True), mx.util.np_array(True):
    x, weight = mx.np.ones((1, 64, 200, 200)), mx.np.ones((64, 64, 3, 3))
    before = ticks()
    for _ in range(12):
        mx.npx.convolution(x, weight, kernel=(3, 3), pad=(1, 1), num_filter=64, no_bias=True)
    mx.npx.waitall()
worked = [after - before.get(task, 0) for task, after in ticks().items()]
print(json.dumps({
    "busy": sum(ticks > max(worked) / 4 for ticks in worked),
    "cpu": backend.devices()[-1].description,
    "environment": sorted(name for name in os.environ if "OMP" in name),
    "legacy": not mx.util.is_np_array() and type(mx.nd.ones((1,)) + 1) is mx.nd.NDArray,
}))
"""

BESIDE_TORCH = """
import json
{imports}
import numpy, torch
from nst_core.backend import registry
from nst_core.backend import Adam, Objective, Problem, StyleSource
from nst_core.weights import load
image = numpy.random.default_rng(0).random((16, 16, 3))
problem = Problem(
    content=image, styles=(StyleSource(image=image[::-1]),), start=image * 0.5,
    weights=load("random:0"),
    objective=Objective(content={{"relu1_1": 1.0}}, style={{"relu2_1": 1e3}}, total_variation=1.0),
    adam=Adam(beta1=0.9, beta2=0.999, epsilon=1e-8),
)
totals = [
    registry.load(name).start(problem, device="cpu", dtype="float64")
    .evaluate(image=image * 0.5).losses.total
    for name in ("pytorch", "mxnet")
]
print(json.dumps({{"totals": totals, "threads": torch.get_num_threads()}}))
"""

HELD = """
import os, numpy
from nst_core.backend import registry
from nst_core.spec import presets
from nst_core.system import memory
from nst_core.backend import Problem, StyleSource
from nst_core.weights import load
image = numpy.random.default_rng(0).random((96, 144, 3)).astype("float32")
spec = presets.load("d2l")
session = registry.load("mxnet").start(Problem(
    content=image, styles=(StyleSource(image=image[::-1]),), start=image,
    weights=load("random:0"), objective=spec.objective(), adam=spec.adam(),
), device="cpu", dtype="float32")
before = memory.rss_mb()
for _ in range(3):
    session.step(learning_rate=0.3)
session.image()
print(memory.rss_mb() - before, "MXNET_CPU_TEMP_COPY" in os.environ)
"""

LOAD = """
import sys
{before}
from nst_core.backend import registry
from nst_core.errors import BackendError
try:
    registry.load("mxnet")
except BackendError as error:
    print(error)
"""


def run(code, *options, **environment):
    """Run `code` in a process in which only `environment` sets thread counts."""
    inherited = {name: value for name, value in os.environ.items() if "OMP" not in name}
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def torch_threads():
    return int(run("import torch; print(torch.get_num_threads())").stdout)


@needs_mxnet
@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_all_cores_are_used_and_nothing_else_is_touched():
    done = run(BUSY)
    told = json.loads(done.stdout)
    assert told["cpu"] == f"{told['busy']} threads"
    assert told["environment"] == []
    assert told["legacy"], "a host program that uses mx.nd must not be affected"


@needs_mxnet
@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "MXNET_OMP_MAX_THREADS"])
def test_what_the_user_set_is_kept(variable):
    told = json.loads(run(BUSY, **{variable: "1"}).stdout)
    assert told == {"busy": 1, "cpu": "1 threads", "environment": [variable], "legacy": True}


@needs_mxnet
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_one_temporary_buffer_unless_the_user_wants_several():
    (one, in_environment), (four, _) = (
        run(HELD, **copies).stdout.split() for copies in ({}, {"MXNET_CPU_TEMP_COPY": "4"})
    )
    assert float(one) + 12 < float(four)
    assert in_environment == "False"


@needs_mxnet
def test_import_is_silent():
    done = run("from nst_core.backend import registry; registry.load('mxnet')", "-W", "error")
    assert (done.stdout, done.stderr) == ("", "")


@needs_mxnet
@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize("imports", ["import nst_mxnet, torch", "import torch, nst_mxnet"])
def test_either_import_order_with_torch(imports, torch_threads):
    told = json.loads(run(BESIDE_TORCH.format(imports=imports)).stdout)
    assert told["totals"][0] == pytest.approx(told["totals"][1], rel=1e-12)
    assert told["threads"] == torch_threads, "PyTorch must keep its threads"


@pytest.mark.parametrize("module", ["mxnet", "gluoncv"])
def test_missing_package(module, request):
    if module == "gluoncv":
        request.getfixturevalue("backend")
    done = run(LOAD.format(before=f"sys.modules[{module!r}] = None"))
    assert done.stdout == (
        f"backend 'mxnet' needs the package {module!r}, which is not installed: "
        "pip install 'nst[mxnet]'\n"
    )


def test_missing_package_where_there_is_none():
    before = "sys.modules['mxnet'] = None; import platform; platform.machine = lambda: 'arm64'"
    (line,) = run(LOAD.format(before=before)).stdout.splitlines()
    assert line.startswith("MXNet is not installed, and has packages only for Python 3.11 or older")


@pytest.mark.parametrize(
    "failure",
    [
        "AttributeError(\"module 'numpy' has no attribute 'bool'\")",
        "OSError('libquadmath.so.0: cannot open shared object file\\nsecond line')",
        "ImportError('numpy.core.multiarray failed to import')",
    ],
)
def test_mxnet_that_fails_to_import(failure, tmp_path):
    (tmp_path / "mxnet.py").write_text(f"raise {failure}\n")
    (line,) = run(LOAD.format(before=f"sys.path.insert(0, {str(tmp_path)!r})")).stdout.splitlines()
    assert line.startswith("mxnet can't be imported beside numpy ")
    assert line.endswith(": pip install 'nst[mxnet]'")
