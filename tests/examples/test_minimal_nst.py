"""The minimal example beside the PyTorch backend with the same preset: the same losses."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import nst_core as nst
from nst_core import weights
from nst_core.backend import registry
from nst_core.errors import BackendError

EXAMPLE = Path(__file__).parents[2] / "examples" / "minimal_nst.py"
SIZE, STEPS, DECAY_EVERY = (48, 72), 8, 3

FLOAT64, FLOAT32, FIRST_STEP = 1e-11, 1e-2, 1e-5
"""Relative tolerances of each loss; measured: 2e-15, 9e-4, 4e-7.

In float32 only the first step agrees to rounding: Adam divides by |gradient|, so images part."""

FLOOR = 1e-9
"""Relative to the total: the content loss of the first step is 0, as the image is the content."""


@pytest.fixture(scope="module")
def backend(request):
    try:
        return registry.load("pytorch")
    except BackendError as error:
        if "pytorch" in request.config.getoption("--require-backends"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(params=["float32", "float64"])
def dtype(request, backend):
    """A dtype's name; it is PyTorch's default type while the example computes."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, request.param))
    yield request.param
    torch.set_default_dtype(before)


@pytest.fixture(scope="module")
def pictures():
    """Two pictures of other sizes than the result, so that both sides resize them."""
    rng = np.random.default_rng(3)
    found = []
    for height, width in ((60, 80), (64, 70)):
        coarse = rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
        found.append(PIL.Image.fromarray(coarse).resize((width, height)))
    return found


def load_example():
    spec = importlib.util.spec_from_file_location("minimal_nst", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_losses_are_those_of_the_backend(backend, dtype, pictures):
    import torch

    example, loaded = load_example(), weights.load("bundled")
    vgg = {name: torch.tensor(array, dtype=example.MEAN.dtype) for name, array in loaded.items()}
    content, style = (example.load(picture, SIZE) for picture in pictures)
    _, history = example.stylise(content, style, vgg, steps=STEPS, decay_every=DECAY_EVERY)
    result = nst.transfer(
        *pictures,
        preset="d2l",
        overrides={
            "stages": [{"size": "{}x{}".format(*SIZE), "steps": STEPS}],
            "schedule": {"every": DECAY_EVERY},
        },
        backend=backend,
        device="cpu",
        dtype=dtype,
        weights=loaded,
        log_every=1,
    )
    assert len(history) == len(result.history) == STEPS
    for step, (losses, row) in enumerate(zip(history, result.history, strict=True)):
        bound = FLOAT64 if dtype == "float64" else FLOAT32 if step else FIRST_STEP
        expected = (row.content, row.style, row.tv)
        assert losses == pytest.approx(expected, rel=bound, abs=FLOOR * row.total), f"step {step}"


def test_it_runs_as_a_program(backend, pictures, tmp_path):
    for picture, name in zip(pictures, ("content.png", "style.png"), strict=True):
        picture.save(tmp_path / name)
    done = subprocess.run(
        [sys.executable, EXAMPLE, "content.png", "style.png", "output.png",
         "--size", "32", "48", "--steps", "2"],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert done.stdout.startswith("content ")
    with PIL.Image.open(tmp_path / "output.png") as output:
        assert (output.size, output.mode) == ((48, 32), "RGB")
