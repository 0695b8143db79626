"""Where the seconds of a step go: a stopwatch for the marks of ``nst_pytorch.timing``.

Each piece of work counts its own time, without that of the pieces inside it, on any worker.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from nst_pytorch import timing

KINDS = ("products", "transforms", "pooling", "conv1_1", "ReLU, masks", "losses", "Python, waiting")
"""Kinds of work; the last is the rest of a layer's time."""


class Timers:
    """Adds up seconds: ``nst_pytorch.timing.Timer``.

    Attributes:
        seconds: (layer and pass, kind of work) -> seconds.
        walls: Layer and pass, as ``conv3_1 forward`` -> seconds of wall-clock time.

    Args:
        cores: The number of workers, by which the sum of their times is divided.
    """

    def __init__(self, cores: int) -> None:
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        self.walls: dict[str, float] = defaultdict(float)
        self._cores = cores
        self._section = ""
        self._in_collective = False
        self._nested = threading.local()

    def running(self) -> AbstractContextManager[None]:
        """Return a context in which everything that is computed is measured."""
        return timing.measured_by(self)

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Measure the wall-clock time of one layer's pass."""
        self._section = name
        began = time.perf_counter()
        try:
            yield
        finally:
            self.walls[name] += time.perf_counter() - began

    @contextmanager
    def kernel(self, kind: str, *, collective: bool) -> Iterator[None]:
        """Measure one piece of work; see ``nst_pytorch.timing.Timer.kernel``."""
        if self._in_collective:  # on a worker, whose caller counts it
            yield
            return
        self._in_collective = collective
        stack = self._nested.__dict__.setdefault("stack", [])
        stack.append(0.0)
        began = time.perf_counter()
        try:
            yield
        finally:
            self._in_collective = self._in_collective and not collective
            taken = time.perf_counter() - began
            inside = stack.pop()
            if stack:
                stack[-1] += taken
            share = 1.0 if collective else 1 / self._cores
            self.seconds[self._section, kind] += share * (taken - inside)
