"""Valid checkpoints of small runs: Adam and L-BFGS, averaged, smoothed, in a second stage."""

from __future__ import annotations

import dataclasses
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import fakes
import PIL.Image
from fuzz.fake_backend import Backend
from fuzz.seeds import Seed

import nst_core as nst
from nst_core.run import checkpoint
from nst_core.run.checkpoint import CheckpointWriter

PICTURE = PIL.Image.new("RGB", (24, 16), "teal")
"""The content and style of the runs. Every case finds it as ``style.png``."""

EXTENSION = ".nst"

_OPTIONS = {
    "output": "out/out.png",
    "log_every": 10,
    "max_pixels": 2_000_000,
    "checkpoint_every": 1,
    "run": {"content": "style.png", "style": ["style.png"], "device": "cpu"},
}

_STAGE = {"size": "16x24", "steps": 3}

_RUNS: dict[str, dict[str, Any]] = {
    "Adam": {"stages": [_STAGE]},
    "Adam, second stage, averaged": {"stages": [{**_STAGE, "steps": 1}, _STAGE], "average": 0.9},
    "L-BFGS": {"stages": [_STAGE], "optimiser": {"name": "lbfgs", "history": 2}},
    "L-BFGS, smoothed": {
        "stages": [_STAGE],
        "optimiser": {"name": "lbfgs", "smoothing": 0.5, "line_search": "backtracking"},
    },
}


@cache
def checkpoints() -> tuple[Seed, ...]:
    """Each after its first two steps."""
    with tempfile.TemporaryDirectory() as directory:
        return tuple(
            Seed(name, EXTENSION, _kept(over, Path(directory, "c"))) for name, over in _RUNS.items()
        )


def _kept(over: dict[str, Any], path: Path) -> bytes:
    nst.transfer(
        PICTURE,
        PICTURE,
        preset="d2l",
        overrides=over,
        backend=Backend(),
        weights=nst.Weights(fakes.tiny_weights(), source="bundled"),
        device="cpu",
        checkpoint=CheckpointWriter(path=path, every=2, options=_OPTIONS),
    )
    point = checkpoint.read(path)
    # A clock is no seed.
    position = point.position.model_copy(update={"seconds": 1.0})
    rows = tuple(dataclasses.replace(row, seconds=0.5) for row in point.rows)
    checkpoint.write(dataclasses.replace(point, position=position, rows=rows), path)
    return path.read_bytes()
