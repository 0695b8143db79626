"""A job that is interrupted goes on from the checkpoint beside its output."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend

from nst_core import batch


@pytest.fixture
def steps(job, monkeypatch):
    """``steps(stop_at=..., **changes)`` runs a job of six steps; returns its record and steps."""
    spec = {**job().spec, "stages": [{"size": "16x24", "steps": 6}]}

    def run_job(stop_at=None, **changes):
        shared, backend = batch.SharedResources(), FakeBackend(stop_at=stop_at)
        monkeypatch.setattr(shared, "backend", lambda _: backend)
        run = {"weights": "random", "backend": "fake"}
        one = job(**{"spec": spec, "run": run, "checkpoint_every": 2, **changes})
        if stop_at is not None:
            with pytest.raises(KeyboardInterrupt):
                batch.run_job(one, shared=shared)
            return None, len(backend.calls.steps())
        return batch.run_job(one, shared=shared), len(backend.calls.steps())

    return run_job


def pixels(path):
    with PIL.Image.open(path) as picture:
        return np.asarray(picture)


def test_an_interrupted_job_goes_on(steps):
    steps(output="whole.png")
    steps(stop_at=5)
    assert Path("a.png.checkpoint").exists()
    record, taken = steps()
    assert (record.status, record.steps, taken) == ("done", 6, 2)
    np.testing.assert_array_equal(pixels("a.png"), pixels("whole.png"))
    left = {path.name for path in Path().iterdir()}
    assert left == {"content.png", "style.png", "whole.png", "a.png"}


def test_another_jobs_checkpoint_is_not_taken(steps):
    steps(stop_at=5)
    record, taken = steps(content="style.png")
    assert (record.status, taken) == ("done", 6)
    steps(stop_at=5, output="b.png")
    Path("b.png.checkpoint").write_bytes(b"half")
    assert steps(output="b.png")[1] == 6


def test_a_job_keeps_no_checkpoint_by_itself(steps):
    steps(stop_at=5, checkpoint_every=None)
    assert not list(Path().glob("*.checkpoint"))
