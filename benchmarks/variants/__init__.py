"""The programs that are measured: each module prepares one, with the same pictures and weights."""

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
class VariantInfo:
    """What a variant reports about itself.

    Attributes:
        objective: What it minimises. Variants with the same objective compute the same losses.
        device: The device that it computes on.
        device_description: The name of the device.
        threads: The number of threads on a CPU; None where it is not known.
        torch: The framework's module if it is PyTorch, which has a clock of its own on CUDA.
    """

    objective: str
    device: str
    device_description: str
    threads: int | None
    torch: Any = None


class Variant(Protocol):
    """A program that is ready for its first step."""

    @property
    def info(self) -> VariantInfo:
        """What it reports about itself."""
        ...

    def step(self) -> None:
        """Take a step; may return before the step is finished."""
        ...

    def wait(self) -> None:
        """Return when the last step is finished, including its update."""
        ...

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update; this is not measured."""
        ...

    def image(self) -> Image:
        """Return the current image, (H, W, 3) in [0, 1], not clipped."""
        ...
