"""What a run tells the studio while it paints: steps, small pictures, snapshots, checkpoints.

The run must not wait for any of it. A small picture takes some milliseconds, in a thread of its
own; the next one comes after a hundred times that, but at the latest with the first step after a
second. Nothing here changes what is computed.
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

import numpy as np
import PIL.Image
from typing_extensions import override

from nst_core import images
from nst_core.arrays import Image
from nst_core.errors import NstError
from nst_core.images import EncodeOptions, to_8bit
from nst_core.run.checkpoint import Checkpoint, CheckpointWriter
from nst_core.run.observers import Observer, Plan, Step
from nst_core.studio.job import CHECKPOINT, FULL, IMAGE, LIVE, MASTER, PICTURE, SNAPSHOTS, THUMB

Emit: TypeAlias = Callable[[Mapping[str, Any]], None]
"""Takes an event; may be called in any thread."""

SCREEN = 1024
"""Longest side of the pictures that are shown while painting, in pixels."""

THUMB_SIZE = 360
"""Longest side of thumbnails, in pixels."""

_LEAST_SECONDS, _MOST_SECONDS = 0.4, 0.9
_SHARE = 0.01
"""The share of the time that small pictures, and that checkpoints, may take."""

_FREE_SECONDS = 0.25
"""What checkpoints and snapshots may take besides, so that a short run has some, too."""

_LEAST_CHECKPOINT_SECONDS = 5.0
MOST_SNAPSHOT_BYTES = 250_000_000
"""What the snapshots of a painting may take; L-BFGS has checkpoints of many images."""

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
        self._began, self._spent, self._kept = time.monotonic(), 0.0, 0
        self.wants_full = threading.Event()
        self.dropped: set[int] = set()  # the steps whose snapshots were removed

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
        if self._keeps_snapshots and self._is_due(step.global_step):
            self._kept = step.global_step
            self._later(self._write_snapshot, step)
        now = time.monotonic()
        is_last = step.global_step == self.total_steps
        if is_last or (now >= self._next_picture and self._tasks.empty()):
            self._next_picture = now + _LEAST_SECONDS
            self._later(self._write_live, step)

    @override
    def closed(self) -> None:
        self._tasks.put(None)
        self._thread.join(60)

    @property
    def total_steps(self) -> int:
        """The steps of all stages together; 0 before the run has started."""
        return 0 if self._plan is None else self._plan.steps

    def is_snapshot(self, global_step: int) -> bool:
        """Whether a snapshot is kept of this step, which was just taken."""
        return self._kept == global_step

    def can_spend(self) -> bool:
        """Whether a checkpoint may take its time now, so that the run is not much longer."""
        return self._spent <= _FREE_SECONDS + _SHARE * (time.monotonic() - self._began)

    def spent(self, seconds: float) -> None:
        """Take note of what a checkpoint took."""
        self._spent += seconds

    def _is_due(self, global_step: int) -> bool:
        return global_step in self._snapshot_steps and self.can_spend()

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
        wait = min(max(_LEAST_SECONDS, took / _SHARE - took), _MOST_SECONDS)
        self._next_picture = time.monotonic() + wait
        self._emit({"event": "picture", "id": self._name, "step": number})

    def _write_full(self, image: Image, number: int) -> None:
        images.write(image, self._directory / FULL)
        self._emit({"event": "full", "id": self._name, "step": number})

    def _write_snapshot(self, image: Image, number: int) -> None:
        # Its picture is written when somebody goes back to it: see picture_tasks.
        directory = snapshot_directory(self._directory, number)
        directory.mkdir(parents=True, exist_ok=True)
        np.save(directory / IMAGE, image, allow_pickle=False)
        save_jpeg(image, directory / THUMB, longest=THUMB_SIZE)
        if number in self.dropped:  # the snapshot was removed while this waited or wrote
            shutil.rmtree(directory, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioCheckpoints(CheckpointWriter):
    """Writes checkpoints by the clock, and keeps those of snapshots.

    Attributes:
        recorder: Knows which steps are snapshots.
        emit: Takes the events.
        clock: The time of the next checkpoint; a mapping, because a frozen record can't change.
    """

    recorder: Recorder
    emit: Emit
    clock: dict[str, float]

    @override
    def due(self, global_step: int) -> bool:
        is_time = time.monotonic() >= self.clock["next"] and self.recorder.can_spend()
        return is_time or self.recorder.is_snapshot(global_step)

    @override
    def write(self, checkpoint: Checkpoint) -> None:
        began = time.monotonic()
        # Not super(): dataclasses with slots are made anew, which breaks its cell.
        CheckpointWriter.write(self, checkpoint)
        self.recorder.spent(time.monotonic() - began)
        self.clock["next"] = time.monotonic() + _LEAST_CHECKPOINT_SECONDS
        position = checkpoint.position
        directory, number = Path(self.path).parent, position.global_step
        kept = self.recorder.is_snapshot(number) and _keep(directory, number)
        self.emit(
            {
                "event": "checkpoint",
                "id": directory.name,
                "step": number,
                "snapshot": kept,
                "dropped": _thin(directory, self.recorder.dropped) if kept else [],
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


def save_picture(image: Image, recipe: str, finish: EncodeOptions, directory: Path) -> None:
    """Write a picture with its recipe as PNG and as a TIFF of 16 bits, and two small ones.

    Raises:
        NstError: if it can't be written.
    """
    images.write(image, directory / PICTURE, recipe=recipe, finish=finish)
    images.write(image, directory / MASTER, recipe=recipe, finish=replace(finish, bits=16))
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


def _thin(directory: Path, removed: set[int]) -> list[int]:
    """Remove every second snapshot if they take too much of the disk; return their steps.

    The steps are added to ``removed`` first, for the thread that may still write one of them.
    """
    places = sorted((directory / SNAPSHOTS).iterdir())
    size = sum(map(_bytes_in, places))
    if size <= MOST_SNAPSHOT_BYTES:
        return []
    dropped = places[-2::-2]  # the newest stays
    steps = [int(place.name) for place in dropped]
    removed.update(steps)
    for place in dropped:
        shutil.rmtree(place, ignore_errors=True)
    return steps


def _bytes_in(directory: Path) -> int:
    """Return the bytes of the files in a directory, in which a thread may rename or add some."""
    size = 0
    with suppress(OSError):
        for file in directory.iterdir():
            with suppress(OSError):
                size += file.stat().st_size
    return size


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
