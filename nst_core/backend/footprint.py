"""How much memory a backend's sessions take: the part of the seam that estimates use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from nst_core.backend.problem import Objective
from nst_core.backend.protocol import DType, Execution


class StageSize(NamedTuple):
    """(height, width), in pixels, of the content picture and of each style picture in a stage."""

    content: tuple[int, int]
    styles: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """The memory that a session takes, in bytes, beyond what the process held before it.

    Attributes:
        fixed: The part that does not depend on the pictures' size: the backend's copy of the
            weights.
        content: The part at the peak of a step, without the content features that the image is
            compared with.
        style: The part at the peak of computing the style targets, before the first step.
        available: The free memory of the device; None if the device has no memory of its own or
            does not report it.
        survives_failed_allocation: Whether a failed allocation is always an exception. If not, it
            may end the process or stop it for ever, so a stage that can't fit is refused.
    """

    fixed: float
    content: float
    style: float
    available: float | None = None
    survives_failed_allocation: bool = True

    @property
    def peak(self) -> float:
        """The largest amount at any time, in bytes."""
        return self.fixed + max(self.content, self.style)


@runtime_checkable
class HasFootprint(Protocol):
    """A backend that can estimate the memory of its sessions. A backend need not implement it."""

    def footprint(
        self,
        *,
        objective: Objective,
        size: StageSize,
        device: str,
        dtype: DType,
        execution: Execution,
    ) -> Footprint:
        """Return what a session takes on a device.

        ``benchmarks/memory.py`` compares these estimates with measured peaks.

        Args:
            objective: What is minimised.
            size: The pictures' sizes.
            device: The name of one of the backend's devices.
            dtype: The type that everything is computed in.
            execution: How it is computed.
        """
        ...
