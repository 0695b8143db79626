"""The losses of paintings over their steps, for the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from nst_core.studio.job import HISTORY
from nst_core.studio.records import Painting
from nst_core.studio.store import Store, write_json

_MOST_POINTS = 400

Point = list[float]
"""Step over all stages, stage, content, style, total variation and total loss, seconds."""


class Curves:
    """The losses of the paintings of a store, read when they are first needed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._points: dict[str, list[Point]] = {}

    def add(self, painting: Painting, event: Mapping[str, Any]) -> None:
        """Add a step. Later steps, of before an undo or a crash, are dropped."""
        points = self._of(painting)
        step = event["global_step"]
        while points and points[-1][0] >= step:
            points.pop()
        keys = ("stage", "content", "style", "tv", "total", "seconds")
        points.append([step, *(event[key] for key in keys)])

    def points(self, painting: Painting) -> list[Point]:
        """Return some hundred points up to the painting's step."""
        points = [one for one in self._of(painting) if one[0] <= painting.step]
        every = len(points) // _MOST_POINTS + 1
        return points if every == 1 else [*points[:-1:every], points[-1]]

    def save(self, painting: Painting) -> None:
        """Write the losses of a painting."""
        if painting.id in self._points:
            path = self._store.painting_directory(painting) / HISTORY
            write_json(path, self._points[painting.id])

    def save_all(self) -> None:
        """Write the losses of all paintings that have new ones."""
        for name in self._points:
            if name in self._store.paintings:
                self.save(self._store.paintings[name])

    def _of(self, painting: Painting) -> list[Point]:
        if painting.id not in self._points:
            self._points[painting.id] = []
            with suppress(OSError, ValueError):
                path = self._store.painting_directory(painting) / HISTORY
                self._points[painting.id] = json.loads(path.read_text(encoding="utf-8"))
        return self._points[painting.id]
