"""The documents' code, as tests/documents transcribes it.

Tests and benchmarks use the same transcription: the tests compare it with nst step by step and
with the results that the documents print, and the benchmarks measure it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from nst_core.arrays import Image
from nst_core.backend import MEAN, STD, Losses

TESTS = Path(__file__).parents[2] / "tests"


def transcription(name: str) -> Any:
    """Import a transcription, and with it its framework, as the document does."""
    if str(TESTS) not in sys.path:
        sys.path.append(str(TESTS))
    return import_module(f"documents.{name}")


def normalised(image: Image) -> Image:
    """Return a picture as the document's network takes it, (1, 3, H, W)."""
    array: Image = (image - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return np.ascontiguousarray(array.transpose(2, 0, 1)[None])


def unnormalised(x: Image) -> Image:
    """Return the picture, (H, W, 3), of an array of a network, (1, 3, H, W)."""
    image: Image = x[0].transpose(1, 2, 0) * np.array(STD, np.float32) + np.array(MEAN, np.float32)
    return image


def losses_of(
    contents: Sequence[float],
    styles: Sequence[float],
    total_variation: float,
    total: float,
    *,
    style_layers: Sequence[int],
) -> Losses:
    """Return the losses of a step of d2l's loop, which has one content layer."""
    (content,) = contents
    return Losses(
        content={"layer 25": content},
        style={f"layer {i}": loss for i, loss in zip(style_layers, styles, strict=True)},
        total_variation=total_variation,
        total=total,
    )
