"""What a painting will take, measured by the worker before it begins."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from nst_core.spec.recipe import Config
from nst_core.spec.sizes import Size
from nst_core.studio.records import LibraryPicture, Painting
from nst_core.studio.worker_process import WorkerProcess

_SECONDS = 120.0


class Estimates:
    """Asks the worker, and remembers its answers.

    Args:
        worker: The worker.
        busy: Whether it paints.
    """

    def __init__(self, worker: WorkerProcess, *, busy: Callable[[], bool]) -> None:
        self._worker, self._busy = worker, busy
        self._waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self._known: dict[str, Mapping[str, Any]] = {}
        self._rates: dict[str, float] = {}
        self._last = ("", 0, 0.0)

    async def of(self, config: Config, content: LibraryPicture) -> Mapping[str, Any]:
        """Return ``seconds``, ``memory_mb``, ``available_mb``, ``fits``; or ``error``.

        While the worker paints, nothing can be measured: then ``busy`` is True, and ``seconds`` is
        there if something was painted with the same backend before.
        """
        spec, run = config.spec.to_table(), config.run.model_dump(mode="json", exclude_none=True)
        key = json.dumps([spec, run], sort_keys=True)
        if key in self._known:
            return self._known[key]
        if self._busy():
            return {"busy": True, "seconds": self._from_earlier(config, content)}
        name = secrets.token_hex(4)
        future: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[name] = future
        await self._worker.send({"do": "estimate", "id": name, "spec": spec, "run": run})
        try:
            answer = await asyncio.wait_for(future, _SECONDS)
        except TimeoutError:
            return {"error": "the estimate takes too long"}
        finally:
            self._waiting.pop(name, None)
        if "error" not in answer:
            self._known[key] = answer
        return answer

    def answered(self, event: Mapping[str, Any]) -> None:
        """Take an answer of the worker."""
        future = self._waiting.get(event["id"])
        if future is not None and not future.done():
            future.set_result({k: v for k, v in event.items() if k not in ("event", "id")})

    def observed(self, painting: Painting, event: Mapping[str, Any]) -> None:
        """Take note of how long the steps of a painting take."""
        name, step, seconds = self._last
        if name == painting.id and event["step"] > 1 and event["global_step"] == step + 1:
            height, width = painting.sizes[event["stage"] - 1]
            rate = (event["seconds"] - seconds) / (height * width)
            backend = str(painting.run.get("backend"))
            self._rates[backend] = 0.9 * self._rates.get(backend, rate) + 0.1 * rate
        self._last = painting.id, event["global_step"], event["seconds"]

    def _from_earlier(self, config: Config, content: LibraryPicture) -> float | None:
        """Return what the steps of earlier paintings let expect, in seconds."""
        rate = self._rates.get(config.run.backend)
        if rate is None:
            return None
        sides = {"height": content.height, "width": content.width}
        spec = config.spec.for_content(**sides)
        sizes = [Size.parse(stage.size).resolve(**sides) for stage in spec.stages]
        return rate * sum(
            stage.steps * height * width
            for stage, (height, width) in zip(spec.stages, sizes, strict=True)
        )

    def worker_died(self) -> None:
        """Nobody answers any more."""
        for future in self._waiting.values():
            if not future.done():
                future.set_result({"error": "the process that measures has died"})
