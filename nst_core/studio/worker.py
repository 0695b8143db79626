"""The process that paints: ``python -m nst_core.studio.worker``. See ``job`` for what it is told.

It runs in the studio's directory, so that the paths in recipes are relative to it. Exit status 0
when its input ends.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from nst_core.batch import SharedResources
from nst_core.errors import NstError
from nst_core.run import estimate
from nst_core.run.prepared import PreparedRun
from nst_core.run.result import Interrupted, Result
from nst_core.run.transfer import transfer_run
from nst_core.spec import Spec, recipe
from nst_core.studio.job import CHECKPOINT, PaintJob
from nst_core.studio.recorder import Recorder, save_picture, studio_checkpoints
from nst_core.system.supervision import run_worker
from nst_core.system.warning_lines import show_only_nst_warnings


class _Estimated(Exception):  # noqa: N818 - not an error: it ends a run that was only estimated
    """Carries an estimate out of ``transfer_run``."""

    def __init__(self, found: estimate.Estimate, steps: int) -> None:
        super().__init__("estimated")
        self.found, self.steps = found, steps


class Worker:
    """Does what it is told, one thing at a time.

    Events: ``phase`` (what is being loaded), ``started``, ``step``, ``picture``, ``full``,
    ``checkpoint``, ``warning``, ``finished`` (with the state that a painting has reached),
    ``estimate``, ``ready``.

    Args:
        output: Where the events go, one line of JSON each.
    """

    def __init__(self, output: BinaryIO) -> None:
        self._output, self._lock = output, threading.Lock()
        self._shared = SharedResources()
        self._tasks: queue.Queue[Mapping[str, Any] | None] = queue.Queue()
        self._recorder: Recorder | None = None
        self._stopping = threading.Event()
        self._ending = threading.Event()
        self._loaded: set[str] = set()

    def emit(self, event: Mapping[str, Any]) -> None:
        """Write an event. If nobody reads any more, the painting is stopped."""
        line = json.dumps(event).encode() + b"\n"
        try:
            with self._lock:
                self._output.write(line)
                self._output.flush()
        except (OSError, ValueError):
            self._ending.set()

    def listen(self, commands: BinaryIO) -> None:
        """Read commands until they end. Stopping can't wait for the painting to be done."""
        for line in commands:
            command = json.loads(line)
            match command["do"]:
                case "stop":
                    self._stopping.set()
                case "full":
                    if self._recorder is not None:
                        self._recorder.wants_full.set()
                case _:
                    if command["do"] == "paint":
                        self._stopping.clear()
                    self._tasks.put(command)
        self._ending.set()
        self._tasks.put(None)

    def work(self) -> int:
        """Do the tasks in turn until the commands end; return the exit status."""
        while (task := self._tasks.get()) is not None:
            if self._ending.is_set():
                break
            match task["do"]:
                case "warm":
                    self._warm(task)
                case "estimate" if not self._tasks.empty():  # nobody waits for it any more
                    self.emit({"event": "estimate", "id": task["id"], "error": "asked again"})
                case "estimate":
                    self._estimate(task)
                case "paint":
                    self._paint(PaintJob.model_validate(task["job"]))
            self.emit({"event": "ready"})
        return 0

    def _stops(self) -> bool:
        return self._stopping.is_set() or self._ending.is_set()

    def _warm(self, task: Mapping[str, Any]) -> None:
        with suppress(NstError):  # it is reported when something is to be painted
            self._load(task["backend"], task["weights"], None)

    def _load(self, backend: str, weights: str, name: str | None) -> None:
        """Load backend and weights, and say so."""
        for kind, source in (("the backend", backend), ("the weights", weights)):
            if source in self._loaded:
                continue
            self.emit({"event": "phase", "id": name, "text": f"Loading {kind} {source}"})
            load = self._shared.backend if kind == "the backend" else self._shared.weights
            load(source)
            self._loaded.add(source)

    def _estimate(self, task: Mapping[str, Any]) -> None:
        def on_prepared(work: PreparedRun) -> None:
            raise _Estimated(estimate.of_run(work), work.plan.steps)

        answer: dict[str, Any] = {"event": "estimate", "id": task["id"]}
        try:
            job = PaintJob(id="estimate", spec=task["spec"], run=task["run"], directory=".")
            self._load(job.run.get("backend", "pytorch"), job.run.get("weights", "bundled"), None)
            self._transfer(job, on_prepared=on_prepared)
        except _Estimated as estimated:
            found = estimated.found
            answer |= {
                "seconds": found.seconds,
                "memory_mb": found.memory_mb,
                "available_mb": found.available_mb,
                "fits": found.fits,
                "steps": estimated.steps,
            }
        except NstError as error:
            answer["error"] = one_line(str(error))
        except MemoryError:
            answer["error"] = "the memory is not enough; try a smaller size"
        self.emit(answer)

    def _paint(self, job: PaintJob) -> None:
        directory = Path(job.directory)
        state, note = "done", ""
        try:
            run = recipe.checked_run(job.run)
            self._load(run.backend, run.weights, job.id)
            self.emit({"event": "phase", "id": job.id, "text": "Looking at the pictures"})
            recorder = Recorder(directory, self.emit, name=job.id, snapshots=True)
            self._recorder = recorder
            try:
                result = self._transfer(
                    job,
                    observers=[recorder],
                    checkpoint=studio_checkpoints(directory, recorder, self.emit),
                    resume=directory / CHECKPOINT if job.resume else None,
                    stop=self._stops,
                )
            except Interrupted as interruption:
                result, state = interruption.result, "stopped"
            finally:
                self._recorder = None
                recorder.closed()
            save_picture(result.image, result.plan.recipe, result.plan.finish, directory)
            if result.note:
                state, note = "failed", result.note
            elif state == "done":
                (directory / CHECKPOINT).unlink(missing_ok=True)
        except NstError as error:
            state, note = "failed", one_line(str(error))
        except MemoryError:
            state, note = "failed", "the memory is not enough; try a smaller size"
        except KeyboardInterrupt:
            state, note = "stopped", "stopped before the first step"
        except Exception as error:  # a bug must not cost the paintings that wait
            traceback.print_exc()
            state, note = "failed", f"{type(error).__name__}: {one_line(str(error))}"
        self.emit({"event": "finished", "id": job.id, "state": state, "note": note})

    def _transfer(self, job: PaintJob, **arguments: Any) -> Result:
        run = recipe.checked_run(job.run)
        return transfer_run(
            Spec.from_table(job.spec),
            run,
            backend=self._shared.backend(run.backend),
            weights=self._shared.weights(run.weights),
            max_pixels=job.max_pixels,
            command=job.command,
            targets=self._shared.targets,
            **arguments,
        )


def one_line(text: str) -> str:
    """Return text without line breaks."""
    return " ".join(text.split())


def main() -> int:
    """Do what stdin says and return the exit status."""
    show_only_nst_warnings()
    commands, events = sys.stdin.buffer, sys.stdout.buffer
    # Text that a library prints must not end up among the events.
    sys.stdout = sys.stderr
    worker = Worker(events)
    threading.Thread(target=worker.listen, args=(commands,), daemon=True).start()
    return worker.work()


if __name__ == "__main__":
    run_worker(main)
