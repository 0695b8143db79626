"""Clocks that are read only after the work is finished."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal, Protocol

Name = Literal["wall", "cuda events", "difference"]


class Clock(Protocol):
    """Measures the seconds of one piece of work."""

    @property
    def name(self) -> Name:
        """The method of measurement."""
        ...

    def seconds(self, work: Callable[[], None], wait: Callable[[], None]) -> float:
        """Do ``work``, call ``wait`` until it is finished, and return the seconds of both."""
        ...


class Wall:
    """The time that a user waits."""

    name: Name = "wall"

    def seconds(self, work: Callable[[], None], wait: Callable[[], None]) -> float:
        """Measure with the processor's clock; the time of ``wait`` is included."""
        wait()
        began = time.perf_counter()
        work()
        wait()
        return time.perf_counter() - began


class CudaEvents:
    """The time between two events in the device's queue.

    It includes no kernel launch and no copy that Python makes before or after the work.

    Args:
        torch: The imported framework. The work runs on its current stream.
    """

    name: Name = "cuda events"

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def seconds(self, work: Callable[[], None], wait: Callable[[], None]) -> float:
        """Measure with the device's clock."""
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
    """Return the clock for a device; ``torch`` is None if another framework computes."""
    return CudaEvents(torch) if torch is not None and device.startswith("cuda") else Wall()
