"""Clocks that are read only when the work is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal, Protocol

Name = Literal["wall", "cuda events", "difference"]


class Clock(Protocol):
    """Measures one piece of work."""

    @property
    def name(self) -> Name:
        """How it measures."""
        ...

    def seconds(self, work: Callable[[], None], wait: Callable[[], None]) -> float:
        """Do ``work``, call ``wait`` until it is done, and return the seconds it took."""
        ...


class Wall:
    """The time that a person waits."""

    name: Name = "wall"

    def seconds(self, work: Callable[[], None], wait: Callable[[], None]) -> float:
        """Measure by the processor's clock; ``wait`` is in it."""
        wait()
        began = time.perf_counter()
        work()
        wait()
        return time.perf_counter() - began


class CudaEvents:
    """The time between two events in the device's own queue: no launch or copy of Python's in it.

    Args:
        torch: The framework, already imported; what is measured runs on its current stream.
    """

    name: Name = "cuda events"

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def seconds(self, work: Callable[[], None], wait: Callable[[], None]) -> float:
        """Measure by the device's clock."""
        cuda = self._torch.cuda
        begin, end = (cuda.Event(enable_timing=True) for _ in range(2))
        cuda.synchronize()
        begin.record()
        work()
        end.record()
        cuda.synchronize()
        wait()
        return float(begin.elapsed_time(end)) / 1000


def for_device(device: str, torch: Any) -> Clock:
    """Return the clock for a device; ``torch`` is None where another framework computes."""
    return CudaEvents(torch) if torch is not None and device.startswith("cuda") else Wall()
