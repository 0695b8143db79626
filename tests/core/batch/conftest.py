import numpy as np
import PIL.Image
import pytest

from nst_core import batch


@pytest.fixture
def pair(monkeypatch, tmp_path):
    """Two small pictures, content.png and style.png, in the working directory."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("content", "style"):
        coarse = rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)
        PIL.Image.fromarray(coarse).resize((72, 48)).save(tmp_path / f"{name}.png")
    return "content.png", "style.png"


@pytest.fixture
def job(pair):
    """``job(**changes)`` returns a job of one step on the pair."""
    fields = {
        "content": pair[0],
        "style": pair[1],
        "output": "a.png",
        "spec": {
            "content": {"weight": 1.0, "layers": ["relu1_1"]},
            "style": {"weight": 1.0, "layers": ["relu1_1"]},
            "total_variation": {"weight": 1.0},
            "optimiser": {},
            "stages": [{"size": "16x24", "steps": 1}],
        },
        "run": {"weights": "random"},
        "max_pixels": 10**6,
    }
    return lambda **changes: batch.Job(**{**fields, **changes})


@pytest.fixture
def run_here(job):
    """``run_here(**changes)`` runs such a job in this process and returns its record."""
    shared = batch.SharedResources()
    return lambda **changes: batch.run_job(job(**changes), shared=shared)
