"""What a run tells while it goes on, and the observer that keeps its history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from nst_core.arrays import Image
from nst_core.backend import Device, Losses
from nst_core.images import EncodeOptions
from nst_core.spec import Spec


class Progress(Protocol):
    """What an observer may ask of whatever takes the steps: see ``nst_core.backend.Session``."""

    def losses(self) -> Losses:
        """Return the losses of the last step, taken before its update."""
        ...

    def image(self) -> Image:
        """Return the image as it is now, (H, W, 3), not clipped."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is going to do, told before its first step.

    Attributes:
        spec: The algorithm, its sizes those of this device.
        sizes: (height, width) of each stage, in pixels.
        backend: The backend's name and version, ``pytorch 2.15.0``.
        device: Where it computes.
        weights: The source of the VGG-19 weights, as it was asked for.
        weights_checksum: ``Weights.checksum`` of what was loaded.
        recipe: The recipe that goes with the picture, as TOML.
        finish: What else goes into its file.
    """

    spec: Spec
    sizes: tuple[tuple[int, int], ...]
    backend: str
    device: Device
    weights: str
    weights_checksum: str
    recipe: str
    finish: EncodeOptions = field(default_factory=EncodeOptions)

    @property
    def steps(self) -> int:
        """Steps of all stages together."""
        return sum(stage.steps for stage in self.spec.stages)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One finished step.

    Attributes:
        stage: Stage, counted from 1.
        step: Step within the stage, counted from 1.
        stage_steps: How many steps the stage has.
        global_step: Step within the run, counted from 1.
        learning_rate: What this step was taken with.
        seconds: Since the first stage began; set-up of later stages counts.
    """

    stage: int
    step: int
    stage_steps: int
    global_step: int
    learning_rate: float
    clock: Callable[[], float] = field(repr=False)
    session: Progress = field(repr=False)

    @cached_property
    def losses(self) -> Losses:
        """Losses before this step's update. Asking waits for the device, so ask sparingly."""
        return self.session.losses()

    @cached_property
    def image(self) -> Image:
        """The image after this step, (H, W, 3), not clipped. Asking waits for the device."""
        return self.session.image()

    @cached_property
    def seconds(self) -> float:
        """Wall-clock seconds since the run's first stage began, when first asked."""
        return self.clock()

    @property
    def last(self) -> bool:
        """Whether the stage ends with this step."""
        return self.step == self.stage_steps


class Observer:
    """Base class of what watches a run; every method may be overridden, none must be.

    Exceptions that an observer raises end the run.
    """

    def started(self, plan: Plan) -> None:
        """Called once, before the first step."""

    def stepped(self, step: Step) -> None:
        """Called after every step. The properties of ``step`` hold only during the call."""

    def closed(self) -> None:
        """Called once at the end, also after Ctrl-C or an error, even if never started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a history: weighted losses before the update, as the documents report them."""

    step: int
    stage: int
    content: float
    style: float
    tv: float
    total: float
    learning_rate: float
    seconds: float


class History(Observer):
    """Keeps a row of the first and the last step of every stage and of every ``every``-th.

    Args:
        every: At least 1.
    """

    def __init__(self, *, every: int) -> None:
        self.every = every
        self.rows: list[Row] = []

    def wants(self, step: Step) -> bool:
        """Whether ``step`` is one that gets a row."""
        return step.step == 1 or step.last or step.step % self.every == 0

    def stepped(self, step: Step) -> None:
        """Add a row, if it is due."""
        if self.wants(step):
            losses = step.losses
            self.rows.append(
                Row(
                    step=step.step,
                    stage=step.stage,
                    content=losses.content_sum,
                    style=losses.style_sum,
                    tv=losses.total_variation,
                    total=losses.total,
                    learning_rate=step.learning_rate,
                    seconds=step.seconds,
                )
            )
