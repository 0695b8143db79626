"""How much memory a backend's sessions take: the part of the seam that estimates ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from nst_core.backend.protocol import DType, Execution


class StageSize(NamedTuple):
    """(height, width) in pixels of the pictures of one stage."""

    content: tuple[int, int]
    styles: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What a session takes besides what the process holds before it, in bytes.

    Attributes:
        fixed: Whatever the picture's size: the backend's copy of the weights.
        content: At the peak of a step, without the content's features that it is compared with.
        style: At the peak of finding the targets, before there is a step.
        available: Memory of the device that is free, if it has its own and says so.
        survives_lack: Whether an allocation that fails is always an exception. False: it may end
            the process, or stop it for ever. A stage is then refused if it can't fit.
    """

    fixed: float
    content: float
    style: float
    available: float | None = None
    survives_lack: bool = True

    @property
    def peak(self) -> float:
        """The most at any time."""
        return self.fixed + max(self.content, self.style)


@runtime_checkable
class Footprints(Protocol):
    """A backend that knows how much memory its sessions take; one that doesn't need not."""

    def footprint(
        self,
        *,
        taps: Sequence[str],
        size: StageSize,
        device: str,
        dtype: DType,
        execution: Execution,
    ) -> Footprint:
        """Return what a session takes on a device; ``benchmarks/memory.py`` holds it to account."""
        ...
