"""What the worker says of the paintings, and how a painting is described to the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nst_core.studio import painting_files
from nst_core.studio.curves import Curves
from nst_core.studio.estimates import Estimates
from nst_core.studio.events import Hub
from nst_core.studio.records import Painting, Snapshot
from nst_core.studio.store import Store


class Progress:
    """Takes note of events, and tells the pages.

    Args:
        store: Where the paintings are.
        hub: Told of every change.
        curves: Gets the losses.
        estimates: Gets the time that steps take.

    Attributes:
        phases: What is being loaded, by the painting's id.
    """

    def __init__(self, store: Store, hub: Hub, curves: Curves, estimates: Estimates) -> None:
        self._store, self._hub = store, hub
        self._curves, self._estimates = curves, estimates
        self.phases: dict[str, str] = {}
        self._left: dict[str, float | None] = {}

    def phase(self, name: str | None, text: str) -> None:
        """Say what is being loaded, for a painting or (None) before there is one."""
        if name is None:
            self._hub.publish({"type": "loading", "text": text})
            return
        self.phases[name] = text
        self._hub.publish({"type": "phase", "id": name, "text": text})

    def changed(self, painting: Painting) -> None:
        """Tell the pages of a painting."""
        self._hub.publish({"type": "painting", "painting": self.described(painting)})

    def ended(self, painting: Painting) -> None:
        """Forget what is true of a painting that runs only."""
        self.phases.pop(painting.id, None)
        self._left.pop(painting.id, None)

    def on_event(self, painting: Painting, event: Mapping[str, Any]) -> None:
        """Take note of an event of a painting that runs."""
        kind = event["event"]
        match kind:
            case "started":
                self._on_started(painting, event)
            case "step":
                self._on_step(painting, event)
            case "picture" | "full":
                self._hub.publish({"type": kind, "id": painting.id, "step": painting.step})
            case "checkpoint":
                self._on_checkpoint(painting, event)
            case "warning":
                painting.warnings = (*painting.warnings, event["line"])
                self.changed(painting)

    def _on_started(self, painting: Painting, event: Mapping[str, Any]) -> None:
        painting.steps, painting.made_with = event["steps"], event["made_with"]
        painting.sizes = tuple((height, width) for height, width in event["sizes"])
        painting.stage_steps = tuple(event["stage_steps"])
        painting.warnings = tuple(event["warnings"])
        self.phase(painting.id, "Looking at the style")
        self.changed(painting)

    def _on_step(self, painting: Painting, event: Mapping[str, Any]) -> None:
        self.phases.pop(painting.id, None)
        painting.step, painting.stage = event["global_step"], event["stage"]
        painting.seconds, painting.restarts = event["seconds"], 0
        self._left[painting.id] = event["left"]
        self._curves.add(painting, event)
        self._estimates.observed(painting, event)
        self._hub.publish({**event, "type": "step"})

    def _on_checkpoint(self, painting: Painting, event: Mapping[str, Any]) -> None:
        if event["snapshot"]:
            kept = with_snapshot(painting, event["step"], event["stage"])
            painting.snapshots = tuple(one for one in kept if one.step not in event["dropped"])
            self.changed(painting)
        self._store.save(painting)
        self._curves.save(painting)

    def described(self, painting: Painting) -> dict[str, Any]:
        """Return a painting as the page gets it."""
        directory = self._store.painting_directory(painting)
        table = painting.model_dump(mode="json", exclude={"spec", "run", "restarts"})
        table["phase"] = self.phases.get(painting.id, "")
        table["left"] = self._left.get(painting.id)
        table["preset"] = painting.spec.get("name", "")
        table["backend"] = painting.run.get("backend", "")
        table["has_picture"] = (directory / painting_files.PICTURE).exists()
        table["has_screen"] = (directory / painting_files.LIVE).exists()
        table["can_go_on"] = painting.state in ("stopped", "interrupted", "failed")
        return table


def with_snapshot(painting: Painting, step: int, stage: int) -> tuple[Snapshot, ...]:
    """Return the snapshots of a painting with one more, in their order."""
    known = {one.step: one for one in painting.snapshots}
    known[step] = Snapshot(step=step, stage=stage)
    return tuple(known[number] for number in sorted(known))
