"""``Studio``: the paintings, their queue, and what happens to them.

All of it runs in the server's one thread. Nothing is computed here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from nst_core.errors import NstError
from nst_core.spec.recipe import Config
from nst_core.studio import painting_files
from nst_core.studio.curves import Curves
from nst_core.studio.estimates import Estimates
from nst_core.studio.events import Hub
from nst_core.studio.job import PaintJob
from nst_core.studio.progress import Progress, with_snapshot
from nst_core.studio.records import Origin, Painting, Settings
from nst_core.studio.settings import configure, more_steps
from nst_core.studio.store import Store
from nst_core.studio.worker_process import WorkerProcess
from nst_core.system.processes import exit_reason

_MOST_RESTARTS = 2
_LONGEST_TITLE = 120


class StudioError(NstError):
    """What was asked for can't be done with this painting; one line."""


class Studio:
    """A studio: a store, a queue and a worker.

    Args:
        store: Where everything is kept.
        max_pixels: Pictures of more pixels are refused.
        warm: The backend that is loaded at the start, so that the first painting need not wait.

    Attributes:
        hub: Told of every change.
        curves: The losses of the paintings.
        estimates: What paintings will take.
        queue: The ids of the paintings that wait, the next one first.
        running: The id of the painting that the worker paints, or None.
        progress: What the worker said of the paintings.
    """

    def __init__(self, store: Store, *, max_pixels: int, warm: str | None = "pytorch") -> None:
        self.store, self.hub = store, Hub()
        self._max_pixels, self._warm = max_pixels, warm
        self.worker = WorkerProcess(
            store.directory,
            on_event=self.on_event,
            on_exit=self._on_worker_exit,
            lock=store.lock,
        )
        self.curves = Curves(store)
        self.estimates = Estimates(self.worker, busy=lambda: self.running is not None)
        self.progress = Progress(store, self.hub, self.curves, self.estimates)
        self.queue: list[str] = []
        self.running: str | None = None
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Take up what an earlier studio left, and start the worker."""
        self.queue = self.store.read_queue()
        for painting in list(self.store.paintings.values()):
            if painting.state == "running":
                self._take_up(painting)
        self._keep_queue()
        if self._warm is not None:
            command = {"do": "warm", "backend": self._warm, "weights": "bundled"}
            self._start(self.worker.send(command))
        self._next()

    async def close(self) -> None:
        """End the worker; the painting that runs waits for the next studio."""
        running, self._closing = self.running, True
        await self.worker.close(paints=running is not None and running not in self.progress.phases)
        for task in self._tasks:
            task.cancel()
        if running is not None and self.store.paintings[running].state in ("running", "stopped"):
            self.queue.insert(0, running)
            self._set(self.store.paintings[running], "waiting")
            self._keep_queue()
        self.curves.save_all()
        self.hub.close()
        self.store.close()

    def _take_up(self, painting: Painting) -> None:
        """Queue a painting that ran when the studio was killed, unless that happens every time."""
        painting.restarts += 1
        if painting.restarts > _MOST_RESTARTS:
            painting.state = "interrupted"
            painting.note = "The studio ended several times while this was painted."
        else:
            painting.state = "waiting"
            self.queue.insert(0, painting.id)
        self.store.save(painting)

    # What the user does

    def paint(self, settings: Settings) -> Painting:
        """Queue a new painting.

        Raises:
            SpecError: one line: what is wrong with the settings.
            StudioError: if the painting that it goes on from has no picture.
        """
        name = self.store.new_painting_id()
        start = None if settings.origin is None else f"paintings/{name}/{painting_files.START}"
        config = configure(settings, self.store, start=start)
        if settings.origin is not None:
            config = more_steps(config, _steps_from_here(settings, config))
        painting = Painting(
            id=name,
            title=self._title(settings),
            created=time.time(),
            settings=settings,
            spec=config.spec.to_table(),
            run=config.run.model_dump(mode="json", exclude_none=True),
        )
        if settings.origin is not None:
            self._copy_start(settings.origin, name)
        self.store.save(painting)
        self.queue.append(name)
        self._keep_queue()
        self.progress.changed(painting)
        self._next()
        return painting

    def stop(self, painting: Painting) -> None:
        """Stop a painting that runs, or take a waiting one out of the queue; it is kept."""
        if self.running == painting.id:
            self.progress.phase(painting.id, "Stopping after this step")
            self._start(self.worker.send({"do": "stop"}))
        elif painting.state == "waiting":
            self.queue.remove(painting.id)
            self._keep_queue()
            self._set(painting, "stopped")

    def go_on(self, painting: Painting) -> None:
        """Queue a painting that was stopped, as the next one.

        Raises:
            StudioError: if it is not one that can go on.
        """
        if painting.state not in ("stopped", "interrupted", "failed"):
            raise StudioError("this painting can't go on: it waits, runs or is done")
        self.queue.insert(0, painting.id)
        self._keep_queue()
        self._set(painting, "waiting")
        self._next()

    def undo(self, painting: Painting, step: int) -> None:
        """Go back, or forth, to a snapshot.

        Raises:
            StudioError: if there is no such snapshot, or the painting runs or waits.
        """
        self._check_idle(painting)
        if step not in [snapshot.step for snapshot in painting.snapshots]:
            raise StudioError(f"there is no snapshot of step {step}")
        directory = self.store.painting_directory(painting)
        if painting_files.keep_present(directory, painting.step):
            painting.snapshots = with_snapshot(painting, painting.step, painting.stage)
        painting_files.restore(directory, step)
        painting.step = step
        painting.stage = next(one.stage for one in painting.snapshots if one.step == step)
        painting.picture += 1
        self._set(painting, "done" if step == painting.steps else "stopped")

    def move(self, painting: Painting, position: int) -> None:
        """Move a waiting painting to another place in the queue, counted from 0.

        Raises:
            StudioError: if it does not wait.
        """
        if painting.id not in self.queue:
            raise StudioError("this painting does not wait")
        self.queue.remove(painting.id)
        self.queue.insert(max(0, position), painting.id)
        self._keep_queue()

    def delete(self, painting: Painting) -> None:
        """Move a painting to the trash.

        Raises:
            StudioError: if it runs.
        """
        if self.running == painting.id:
            raise StudioError("this painting is being painted: stop it first")
        if painting.id in self.queue:
            self.queue.remove(painting.id)
            self._keep_queue()
            self._set(painting, "stopped")
        self.curves.save(painting)
        self.store.throw_away(painting)
        self.hub.publish({"type": "deleted", "id": painting.id, "trash": len(self.store.trash)})

    def restore(self, painting: Painting) -> None:
        """Bring a painting back from the trash."""
        self.store.restore(painting)
        self.progress.changed(painting)

    def rename(self, painting: Painting, title: str) -> None:
        """Give a painting another title.

        Raises:
            StudioError: if the title is empty or long.
        """
        title = "".join(one for one in title if one.isprintable()).strip()
        if not 1 <= len(title) <= _LONGEST_TITLE:
            raise StudioError(f"a title has 1 to {_LONGEST_TITLE} characters")
        painting.title = title
        self._set(painting, painting.state)

    def ask_for_full(self, painting: Painting) -> None:
        """Let the worker write the whole picture of the painting that runs."""
        if self.running == painting.id:
            self._start(self.worker.send({"do": "full"}))

    # What the worker says

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Take note of an event of the worker, and tell the pages."""
        kind = event["event"]
        if kind == "estimate":
            self.estimates.answered(event)
        elif kind == "phase":
            self.progress.phase(event["id"], event["text"])
        elif (painting := self.store.paintings.get(event.get("id", ""))) is not None:
            if kind == "finished":
                self._on_finished(painting, event)
            else:
                self.progress.on_event(painting, event)

    def _on_finished(self, painting: Painting, event: Mapping[str, Any]) -> None:
        painting.note, painting.picture = event["note"], painting.picture + 1
        self.curves.save(painting)
        self.running = None
        self.progress.ended(painting)
        self._set(painting, event["state"])
        self._next()

    def _on_worker_exit(self, status: int) -> None:
        """The worker died: one line, and the painting can go on."""
        self.estimates.worker_died()
        if self.running is None:
            return
        painting = self.store.paintings[self.running]
        self.running = None
        self.progress.ended(painting)
        reason = exit_reason(status).removeprefix("its process ").replace("--size", "size")
        painting.note = f"The painting process {reason}. Nothing but the last steps is lost."
        painting.picture += 1
        self._set(painting, "interrupted")
        self._next()

    # Inside

    def _next(self) -> None:
        """Let the worker paint the next painting that waits."""
        if self._closing or self.running is not None or not self.queue:
            return
        painting = self.store.paintings[self.queue.pop(0)]
        self._keep_queue()
        self.running = painting.id
        painting.note = ""
        directory = self.store.painting_directory(painting)
        job = PaintJob(
            id=painting.id,
            spec=painting.spec,
            run=painting.run,
            directory=f"paintings/{painting.id}",
            resume=painting_files.has_checkpoint(directory),
            max_pixels=self._max_pixels,
            command=_command(painting),
        )
        self.progress.phase(painting.id, "Getting ready")
        self._set(painting, "running")
        self._start(self.worker.send({"do": "paint", "job": job.model_dump(mode="json")}))

    def _start(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _set(self, painting: Painting, state: Any) -> None:
        painting.state = state
        self.store.save(painting)
        self.progress.changed(painting)

    def _keep_queue(self) -> None:
        self.store.write_queue(self.queue)
        self.hub.publish({"type": "queue", "queue": self.queue})

    def _check_idle(self, painting: Painting) -> None:
        if painting.state in ("running", "waiting"):
            raise StudioError("stop this painting first")

    def _title(self, settings: Settings) -> str:
        pictures = self.store.pictures
        names = [
            pictures[settings.content].title,
            *(pictures[s.picture].title for s in settings.styles),
        ]
        return " + ".join(names[:3]) + (" + …" if len(names) > 3 else "")

    def _copy_start(self, origin: Origin, name: str) -> None:
        parent = self.store.paintings.get(origin.painting)
        source = None
        if parent is not None:
            directory = self.store.painting_directory(parent)
            source = painting_files.picture_of(directory, origin.step, now=parent.step)
        if source is None:
            raise StudioError("the painting to go on from has no picture yet")
        painting_files.copy(
            source, self.store.directory / "paintings" / name / painting_files.START
        )


def _command(painting: Painting) -> str:
    origin = painting.settings.origin
    if origin is None:
        return "nst studio"
    step = "" if origin.step is None else f" at step {origin.step}"
    return f"nst studio, going on from painting {origin.painting}{step}"


def _steps_from_here(settings: Settings, config: Config) -> int:
    """Return the steps of a painting that goes on from another: the last number given."""
    given = [part for part in settings.steps.split(",") if part.strip()]
    return int(given[-1]) if given else config.spec.stages[-1].steps
