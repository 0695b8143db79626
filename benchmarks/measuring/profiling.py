"""Where the seconds of a step go: functions of ``nst_pytorch`` in a stopwatch each.

Every function counts what it takes itself, without what others in it take, on whichever worker.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from nst_pytorch import first, heads, stage, strips, winograd

KINDS = ("products", "transforms", "pooling", "conv1_1", "ReLU, masks", "losses", "Python, waiting")
"""Kinds of work; the last is what is left of a layer's time."""

_WORK: tuple[tuple[str, Any, str], ...] = (
    ("products", winograd, "multiply"),
    ("transforms", winograd, "_transform"),
    ("transforms", winograd, "_transform_back"),
    ("pooling", stage.Stage, "pool_tiles"),
    ("pooling", stage.Stage, "pool_rows"),
    ("pooling", stage.Stage, "unpool_tiles"),
    ("pooling", stage.Stage, "unpool_rows"),
    ("conv1_1", first.FirstConvolution, "convolve"),
    ("conv1_1", first.FirstConvolution, "take_gradient"),
    ("ReLU, masks", stage.Stage, "_activate"),
    ("ReLU, masks", stage.Stage, "settle"),
    ("losses", heads, "add_product"),
    ("losses", heads, "squares"),
    ("losses", heads, "squared_distance"),
    ("losses", heads, "distances"),
)
_CALLERS = {"squares", "squared_distance", "distances"}
"""Called once for all workers, which work for them meanwhile."""


class Timers:
    """Adds up seconds by (layer and pass, kind of work).

    Args:
        cores: How many workers there are: what these take together is divided by it.
    """

    def __init__(self, cores: int) -> None:
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        self.walls: dict[str, float] = defaultdict(float)
        self._cores = cores
        self._now = ""
        self._calling = False
        self._nested = threading.local()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure all that is computed inside."""
        with ExitStack() as patches:
            for kind, place, name in _WORK:
                share = 1.0 if name in _CALLERS else 1 / self._cores
                timed = self._timed(getattr(place, name), kind, share)
                patches.enter_context(mock.patch.object(place, name, timed))
            for name in ("_forward", "_backward", "_settle"):
                whole = self._whole(getattr(strips.Strips, name), name.removeprefix("_"))
                patches.enter_context(mock.patch.object(strips.Strips, name, whole))
            yield

    def _timed(self, function: Callable[..., Any], kind: str, share: float) -> Callable[..., Any]:
        calls = function.__name__ in _CALLERS

        def timed(*arguments: Any, **named: Any) -> Any:
            if self._calling:  # on a worker, whose caller counts it
                return function(*arguments, **named)
            self._calling = calls
            stack = self._nested.__dict__.setdefault("stack", [])
            stack.append(0.0)
            began = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self._calling = self._calling and not calls
                taken = time.perf_counter() - began
                within = stack.pop()
                if stack:
                    stack[-1] += taken
                self.seconds[self._now, kind] += share * (taken - within)

        return timed

    def _whole(self, function: Callable[..., Any], which: str) -> Callable[..., Any]:
        def whole(network: strips.Strips, *arguments: Any) -> Any:
            # The backward pass of the last layer begins with its own losses.
            number, way = (-1, "backward") if which == "settle" else (arguments[0], which)
            self._now = f"{network.stages[number].name} {way}"
            began = time.perf_counter()
            try:
                return function(network, *arguments)
            finally:
                self.walls[self._now] += time.perf_counter() - began

        return whole
