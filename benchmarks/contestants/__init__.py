"""What is measured: each module prepares one program, on the same pictures and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from nst_core.arrays import Array, Image
from nst_core.backend import Losses


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The pictures, (H, W, 3) float32 in [0, 1], and canonical VGG-19 weights."""

    content: Image
    style: Image
    weights: Mapping[str, Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a contestant says of itself.

    Attributes:
        objective: What it minimises; losses of contestants with the same one are the same.
        device: Where it computes.
        device_description: What that is.
        threads: How many it computes with on a CPU; None where it doesn't say.
        torch: The framework's module, where it is PyTorch: it has a clock of its own on CUDA.
    """

    objective: str
    device: str
    device_description: str
    threads: int | None
    torch: Any = None


class Contestant(Protocol):
    """A program that is ready for its first step."""

    @property
    def about(self) -> About:
        """What it is."""
        ...

    def step(self) -> None:
        """Take a step; may return before it is done."""
        ...

    def wait(self) -> None:
        """Return when the last step is done, its update too."""
        ...

    def losses(self) -> Losses:
        """Return what the last step found before its update; not part of what is measured."""
        ...

    def image(self) -> Image:
        """Return the image as it is now, (H, W, 3) in [0, 1], not clipped."""
        ...
