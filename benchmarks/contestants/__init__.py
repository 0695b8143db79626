"""What is measured: each module prepares one program, on the same pictures and weights.

A contestant is a function ``prepare(problem) -> step``. ``step()`` takes one step, waits until it
is done, and returns the total loss that the step found before its update, so that whoever measures
can check that the contestants computed the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nst_core.arrays import Array, Image

Step = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The pictures, (H, W, 3) float32 in [0, 1], and canonical VGG-19 weights."""

    content: Image
    style: Image
    weights: Mapping[str, Array]
