"""What a run tells the studio while it paints: steps, small pictures, snapshots, checkpoints.

The run must not wait for any of it. A small picture takes some milliseconds, in a thread of its
own, and the next one comes at the earliest after a hundred times that. Nothing here changes what
is computed.
"""

from __future__ import annotations

import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import PIL.Image
from typing_extensions import override

from nst_core import images
from nst_core.arrays import Image
from nst_core.errors import NstError
from nst_core.images import to_8bit
from nst_core.run.checkpoint import Checkpoint, CheckpointWriter
from nst_core.run.observers import Observer, Plan, Step
from nst_core.studio.job import CHECKPOINT, FULL, LIVE, MASTER, PICTURE, SNAPSHOTS, THUMB

Emit: TypeAlias = Callable[[Mapping[str, Any]], None]
"""Takes an event; may be called in any thread."""

SCREEN = 1024
"""Longest side of the pictures that are shown while painting, in pixels."""

THUMB_SIZE = 360
"""Longest side of thumbnails, in pixels."""

_LEAST_SECONDS = 0.4
_SHARE = 0.01
"""The share of the time that small pictures, and that checkpoints, may take."""

_LEAST_CHECKPOINT_SECONDS = 5.0
_SNAPSHOTS = 8
"""How many snapshots a painting gets, besides those at the ends of stages."""


class Recorder(Observer):
    """Tells a studio, or a live view, what a run does.

    Args:
        directory: Where the pictures go.
        emit: Takes the events.
        name: The painting's id, for the events.
        snapshots: Whether to keep snapshots.
    """

    def __init__(self, directory: Path, emit: Emit, *, name: str, snapshots: bool) -> None:
        self._directory, self._emit, self._name = directory, emit, name
        self._keeps_snapshots = snapshots
        self._plan: Plan | None = None
        self._tasks: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._encode, daemon=True)
        self._thread.start()
        self._next_picture = 0.0
        self._snapshot_steps: frozenset[int] = frozenset()
        self._seconds_per_pixel: list[float] = []
        self._last = (0, 0.0)
        self.wants_full = threading.Event()

    @override
    def started(self, plan: Plan) -> None:
        self._plan = plan
        ends = [sum(s.steps for s in plan.spec.stages[: n + 1]) for n in range(len(plan.sizes))]
        regular = [round(plan.steps * n / (_SNAPSHOTS + 1)) for n in range(1, _SNAPSHOTS + 1)]
        self._snapshot_steps = frozenset({*ends[:-1], *regular} - {0, plan.steps})
        self._emit(
            {
                "event": "started",
                "id": self._name,
                "steps": plan.steps,
                "sizes": plan.sizes,
                "stage_steps": [stage.steps for stage in plan.spec.stages],
                "made_with": f"{plan.backend} on {plan.device.name}",
                "warnings": plan.warnings,
            }
        )

    @override
    def stepped(self, step: Step) -> None:
        losses = step.losses
        self._emit(
            {
                "event": "step",
                "id": self._name,
                "stage": step.stage,
                "step": step.step,
                "global_step": step.global_step,
                "content": losses.content_sum,
                "style": losses.style_sum,
                "tv": losses.total_variation,
                "total": losses.total,
                "seconds": step.seconds,
                "left": self._seconds_left(step),
            }
        )
        if self.wants_full.is_set():
            self.wants_full.clear()
            self._later(self._write_full, step)
        if self._keeps_snapshots and self.is_snapshot(step.global_step):
            self._later(self._write_snapshot, step)
        now = time.monotonic()
        if now >= self._next_picture and self._tasks.empty():
            self._next_picture = now + _LEAST_SECONDS
            self._later(self._write_live, step)

    @override
    def closed(self) -> None:
        self._tasks.put(None)
        self._thread.join(60)

    def is_snapshot(self, global_step: int) -> bool:
        """Whether a snapshot is kept after this step."""
        return global_step in self._snapshot_steps

    def _seconds_left(self, step: Step) -> float | None:
        """Return the time left; a step is taken to be as long as its pixels are many."""
        assert self._plan is not None, "a run starts before it steps"
        pixels = [height * width for height, width in self._plan.sizes]
        before, seconds = self._last
        self._last = step.global_step, step.seconds
        if before:
            took = (step.seconds - seconds) / (step.global_step - before)
            self._seconds_per_pixel = [
                *self._seconds_per_pixel[-19:],
                took / pixels[step.stage - 1],
            ]
        if not self._seconds_per_pixel:
            return None
        steps = [stage.steps for stage in self._plan.spec.stages]
        ahead = (step.stage_steps - step.step) * pixels[step.stage - 1] + sum(
            count * size for count, size in list(zip(steps, pixels, strict=True))[step.stage :]
        )
        ordered = sorted(self._seconds_per_pixel)
        return ordered[len(ordered) // 2] * ahead

    def _later(self, task: Callable[[Image, int], None], step: Step) -> None:
        """Let the thread do something with the image of a step, whose array may change."""
        self._tasks.put(partial(task, step.image.copy(), step.global_step))

    def _encode(self) -> None:
        while (task := self._tasks.get()) is not None:
            with suppress(NstError, OSError, MemoryError):  # a picture less; the run goes on
                task()

    def _write_live(self, image: Image, number: int) -> None:
        began = time.thread_time()
        save_jpeg(image, self._directory / LIVE, longest=SCREEN)
        took = time.thread_time() - began
        self._next_picture = time.monotonic() + max(_LEAST_SECONDS, took / _SHARE - took)
        self._emit({"event": "picture", "id": self._name, "step": number})

    def _write_full(self, image: Image, number: int) -> None:
        images.write(image, self._directory / FULL)
        self._emit({"event": "full", "id": self._name, "step": number})

    def _write_snapshot(self, image: Image, number: int) -> None:
        assert self._plan is not None, "a run starts before it steps"
        save_picture(image, self._plan, snapshot_directory(self._directory, number))


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioCheckpoints(CheckpointWriter):
    """Writes checkpoints by the clock, and keeps those of snapshots.

    Attributes:
        recorder: Knows which steps are snapshots.
        emit: Takes the events.
        clock: The time of the next checkpoint, and a thing that changes in a frozen record.
    """

    recorder: Recorder
    emit: Emit
    clock: dict[str, float]

    @override
    def due(self, global_step: int) -> bool:
        return self.recorder.is_snapshot(global_step) or time.monotonic() >= self.clock["next"]

    @override
    def write(self, checkpoint: Checkpoint) -> None:
        began = time.monotonic()
        # Not super(): dataclasses with slots are made anew, which breaks its cell.
        CheckpointWriter.write(self, checkpoint)
        took = time.monotonic() - began
        wait = max(_LEAST_CHECKPOINT_SECONDS, took / _SHARE)
        self.clock["next"] = time.monotonic() + wait
        position = checkpoint.position
        directory, number = Path(self.path).parent, position.global_step
        kept = self.recorder.is_snapshot(number) and _keep(directory, number)
        self.emit(
            {
                "event": "checkpoint",
                "id": directory.name,
                "step": number,
                "snapshot": kept,
                "stage": position.stage + 1,
            }
        )


def studio_checkpoints(directory: Path, recorder: Recorder, emit: Emit) -> StudioCheckpoints:
    """Return what writes the checkpoints of a painting."""

    def warn(line: str) -> None:
        emit({"event": "warning", "id": directory.name, "line": line})

    return StudioCheckpoints(
        path=directory / CHECKPOINT,
        recorder=recorder,
        emit=emit,
        clock={"next": time.monotonic() + _LEAST_CHECKPOINT_SECONDS},
        warn=warn,
    )


def snapshot_directory(painting: Path, number: int) -> Path:
    """Return where the snapshot of a step is."""
    return painting / SNAPSHOTS / f"{number:07d}"


def save_picture(image: Image, plan: Plan, directory: Path) -> None:
    """Write a picture with its recipe as PNG and as a TIFF of 16 bits, and two small ones.

    Raises:
        NstError: if it can't be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    images.write(image, directory / PICTURE, recipe=plan.recipe, finish=plan.finish)
    deep = replace(plan.finish, bits=16)
    images.write(image, directory / MASTER, recipe=plan.recipe, finish=deep)
    save_jpeg(image, directory / LIVE, longest=SCREEN)
    save_jpeg(image, directory / THUMB, longest=THUMB_SIZE)


def save_jpeg(image: Image, path: Path, *, longest: int) -> None:
    """Write an image as a small JPEG for the screen; a reader sees the old or the new one."""
    picture = PIL.Image.fromarray(to_8bit(image))
    if max(picture.size) > longest:
        ratio = longest / max(picture.size)
        size = tuple(max(1, round(side * ratio)) for side in picture.size)
        picture = picture.resize(size, PIL.Image.Resampling.BILINEAR, reducing_gap=2.0)  # type: ignore[arg-type]
    temporary = path.with_suffix(".part")
    picture.save(temporary, "JPEG", quality=88)
    temporary.replace(path)


def _keep(directory: Path, number: int) -> bool:
    """Keep the checkpoint that was just written as that of a snapshot; whether that worked."""
    target = snapshot_directory(directory, number)
    with suppress(OSError):
        target.mkdir(parents=True, exist_ok=True)
        (target / CHECKPOINT).unlink(missing_ok=True)
        try:
            os.link(directory / CHECKPOINT, target / CHECKPOINT)
        except OSError:  # a file system without links
            shutil.copyfile(directory / CHECKPOINT, target / CHECKPOINT)
        return True
    return False
